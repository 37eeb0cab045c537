import { formatReference } from '@brainpod/model/reference';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleDisk, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { DryRunResult, ResourceMutation } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { DOMAIN, REGISTRY_HOST, type Request, type TestApi } from '../../testing/test-api.ts';

function creation(pod: PodRecord, json: unknown, query = ''): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/resources${query}`, json };
}

async function faultsOf(api: TestApi, pod: PodRecord, json: unknown): Promise<string[]> {
  const created = (await api.call(creation(pod, json))).error(400);
  const rehearsed = (await api.call(creation(pod, json, '?dryRun=true'))).error(400);
  expect(created.code).toBe('VALIDATION_ERROR');
  expect(rehearsed.details).toEqual(created.details);
  return (created.details ?? []).map(({ path }) => path);
}

describeOperation('createResources', { request: (pod) => creation(pod, [sampleApp()]) }, ({ proves }) => {
  proves(201, 'adds a batch whose members refer to each other', async (api) => {
    const pod = await api.newPod();
    const app = sampleApp('web', {
      env: [{ name: 'HOST', value: `https://${formatReference('web', 'host')}` }],
      mounts: [{ path: '/etc/app.conf', file: 'app.conf', config: 'settings' }],
    });
    const answer = await api.call(creation(pod, [app, sampleConfig(), sampleRoute()]));
    const { revisionId, resources, _links } = answer.as(201, ResourceMutation);
    expect(revisionId).toBe(pod.head.id);
    expect(resources.map(({ urn, healthy }) => ({ urn, healthy }))).toEqual([
      { urn: 'urn:brain:app:default:web', healthy: false },
      { urn: 'urn:brain:config:default:settings', healthy: false },
      { urn: 'urn:brain:route:default:web', healthy: false },
    ]);
    expect(resources[2]?.content.spec).toMatchObject({ hostname: `web-${pod.name}.${DOMAIN}` });
    expect(_links).toEqual({
      pod: { href: `/v1/pods/${pod.name}` },
      revision: { href: `/v1/pods/${pod.name}/revisions/${revisionId}` },
    });
  });

  proves(201, 'fills in defaults and drops what the kind does not have', async (api) => {
    const pod = await api.newPod();
    const { mounts, ...spec } = sampleApp().spec;
    const answer = await api.call(creation(pod, [{ ...sampleApp(), spec: { ...spec, color: 'red' } }]));
    expect(mounts).toEqual([]);
    expect(answer.as(201, ResourceMutation).resources[0]?.content).toEqual(sampleApp());
  });

  proves(201, 'starts a new draft on top of what is deployed', async (api) => {
    const pod = await api.newPod();
    const first = await api.write(pod, sampleApp());
    await api.deploy(pod, 'deployed');
    const { revisionId } = (await api.call(creation(pod, [sampleConfig()]))).as(201, ResourceMutation);
    expect(revisionId).not.toBe(first);
    expect(await api.store.revisions.find(pod.id, revisionId)).toMatchObject({
      parentId: first,
      state: 'draft',
    });
  });

  proves(201, 'takes an image of the pod itself, and of other registries', async (api) => {
    const pod = await api.newPod();
    const digest = `sha256:${'a'.repeat(64)}`;
    const made = { architecture: 'amd64', digest, uid: 1000, gid: 1000, exposedPorts: [], createdAt: null };
    api.images.hold(pod.name, [{ repository: 'web', tag: '1', digest, variants: [made] }]);
    const images = [`${REGISTRY_HOST}/${pod.name}/web:1`, 'ghcr.io/someone/web', 'nginx'];
    const apps = images.map((image, index) => sampleApp(`app-${index}`, { image }));
    (await api.call(creation(pod, apps))).as(201, ResourceMutation);
  });

  proves(400, 'refuses an image of the pod that is not there', async (api) => {
    const pod = await api.newPod();
    const image = `${REGISTRY_HOST}/${pod.name}/web:1`;
    const { code, details } = (await api.call(creation(pod, [sampleApp('web', { image })]))).error(400);
    expect(code).toBe('VALIDATION_ERROR');
    expect(details).toEqual([
      { path: '0.spec.image', message: expect.stringContaining('There is no image') },
    ]);
  });

  proves(200, 'a dry run keeps nothing, not even a host name', async (api) => {
    const pod = await api.newPod();
    const request = creation(
      pod,
      [sampleApp(), sampleRoute('web', { domains: ['dry.example.com'] })],
      '?dryRun=true',
    );
    expect((await api.call(request)).as(200, DryRunResult)).toEqual({ valid: true });
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
    const other = await api.newPod();
    const taken = creation(other, [sampleApp(), sampleRoute('web', { domains: ['dry.example.com'] })]);
    (await api.call(taken)).as(201, ResourceMutation);
  });

  proves(200, 'an empty list is no change', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(creation(pod, [], '?dryRun=true'))).as(200, DryRunResult)).toEqual({
      valid: true,
    });
    const { revisionId, resources } = (await api.call(creation(pod, []))).as(201, ResourceMutation);
    expect({ revisionId, resources }).toEqual({ revisionId: pod.head.id, resources: [] });
  });

  proves(400, 'tells every fault of every member at once, and creates none', async (api) => {
    const pod = await api.newPod();
    const batch = [
      sampleConfig(),
      { ...sampleApp(), spec: { ...sampleApp().spec, replicas: 11, env: [{ name: '1', value: 'x' }] } },
      { kind: 'Volume' },
      7,
    ];
    const paths = await faultsOf(api, pod, batch);
    expect(paths).toEqual(expect.arrayContaining(['1.spec.replicas', '1.spec.env[0].name', '2.kind', '3']));
    expect(paths.filter((path) => path.startsWith('0'))).toEqual([]);
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
  });

  proves(400, 'finds references that lead nowhere', async (api) => {
    const pod = await api.newPod();
    const app = sampleApp('web', {
      env: [{ name: 'DB', value: formatReference('db', 'uri') }],
      mounts: [{ path: '/x', file: 'x', config: 'none' }],
    });
    expect(await faultsOf(api, pod, [sampleConfig(), app, sampleRoute('shop')])).toEqual([
      '1.spec.env[0].value',
      '1.spec.mounts[0].config',
      '2.spec.rules[0].backendRef',
    ]);
  });

  proves(400, 'finds names that are taken, in the draft and in the batch', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp('taken'));
    expect(await faultsOf(api, pod, [sampleApp('free'), sampleApp('taken')])).toEqual(['1.metadata.name']);
    expect(await faultsOf(api, pod, [sampleApp('free'), sampleConfig(), sampleApp('free')])).toEqual([
      '2.metadata.name',
    ]);
  });

  proves(400, 'is not bothered by faults of what is in the draft already', async (api) => {
    const pod = await api.newPod();
    await api.write(
      pod,
      sampleApp('broken', { env: [{ name: 'A', value: formatReference('gone', 'host') }] }),
    );
    (await api.call(creation(pod, [sampleConfig()]))).as(201, ResourceMutation);
    expect(
      await faultsOf(api, pod, [
        sampleApp('also', { env: [{ name: 'A', value: formatReference('gone', 'host') }] }),
      ]),
    ).toEqual(['0.spec.env[0].value']);
  });

  proves(400, "refuses another pod's images, and says what to do", async (api) => {
    const [pod, other] = [await api.newPod(), await api.newPod()];
    const image = `${REGISTRY_HOST}/${other.name}/web:1`;
    const lifecycle = { init: { image: `${REGISTRY_HOST}/web`, cmd: ['true'] } };
    const batch = [sampleApp('one', { image }), sampleApp('two', { lifecycle })];
    expect(await faultsOf(api, pod, batch)).toEqual(['0.spec.image', '1.spec.lifecycle.init.image']);
    const error = (await api.call(creation(pod, batch))).error(400);
    expect(error.details?.[0]?.message).toContain(`${REGISTRY_HOST}/${pod.name}/`);
  });

  proves(400, 'refuses a domain that another pod has, or that is ours', async (api) => {
    const [pod, other] = [await api.newPod(), await api.newPod()];
    await api.write(other, sampleApp(), sampleRoute('web', { domains: ['taken.example.com'] }));
    expect(await api.store.domains.hold(other.id, 'taken.example.com', new Date())).toBe(true);
    const domains = ['free.example.com', 'taken.example.com', `x.${DOMAIN}`];
    expect((await faultsOf(api, pod, [sampleApp(), sampleRoute('web', { domains })])).toSorted()).toEqual([
      '1.spec.domains[1]',
      '1.spec.domains[2]',
    ]);
  });

  proves(
    400,
    'refuses what goes beyond a limit of the pod, but not what takes no more of it',
    async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp('one'), sampleApp('two'));
      const limits = { apps: 2, cpuMillis: null, memoryMiB: null, diskGb: 10 };
      await api.store.pods.setLimits(pod.id, limits, TEST_ACTOR);
      const batch = [sampleApp('three'), sampleDisk('data', 11)];
      expect(await faultsOf(api, pod, batch)).toEqual(['limits.apps', 'limits.disk']);
      await api.store.pods.setLimits(pod.id, { ...limits, apps: 1 }, TEST_ACTOR);
      (await api.call(creation(pod, [sampleConfig(), sampleDisk('data', 10)]))).as(201, ResourceMutation);
    },
  );

  proves(400, 'for a body that is no list, too long a list, or none', async (api) => {
    const pod = await api.newPod();
    for (const json of [sampleApp(), null, 'x', 1, true])
      expect(await faultsOf(api, pod, json)).toEqual(['']);
    expect(
      await faultsOf(
        api,
        pod,
        Array.from({ length: 201 }, () => 1),
      ),
    ).toEqual(['']);
    const { method, path } = creation(pod, []);
    expect((await api.call({ method, path })).error(400).code).toBe('BAD_REQUEST');
  });

  proves(400, 'for a dryRun that is not "true", and for a mistyped one', async (api) => {
    const pod = await api.newPod();
    for (const query of [
      '?dryRun=false',
      '?dryRun=',
      '?dryRun=1',
      '?dryrun=true',
      '?dryRun=true&dryRun=true',
    ]) {
      expect((await api.call(creation(pod, [sampleApp()], query))).error(400).code).toBe('BAD_REQUEST');
    }
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
  });
});
