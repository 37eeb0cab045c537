import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { ResourceMutation } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { DOMAIN, type Request, type TestApi } from '../../testing/test-api.ts';

function installation(pod: PodRecord, input: unknown = {}, blueprint = 'sample'): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/blueprints/${blueprint}/install`, json: { input } };
}

async function faultsOf(api: TestApi, request: Request) {
  const error = (await api.call(request)).error(400);
  expect(error.code).toBe('VALIDATION_ERROR');
  return error.details ?? [];
}

async function faultPaths(api: TestApi, request: Request): Promise<string[]> {
  return (await faultsOf(api, request)).map(({ path }) => path);
}

describeOperation('installBlueprint', { request: (pod) => installation(pod) }, ({ proves }) => {
  proves(201, 'adds the resources to the draft and deploys nothing', async (api) => {
    const pod = await api.newPod();
    const { revisionId, resources, _links } = (
      await api.call(
        installation(pod, { name: 'shop', greeting: 'Hi', replicas: 2, domains: ['a.example.com'] }),
      )
    ).as(201, ResourceMutation);
    expect(revisionId).toBe(pod.head.id);
    expect(resources.map(({ urn, healthy }) => [urn, healthy])).toEqual([
      ['urn:brain:app:default:shop', false],
      ['urn:brain:config:default:shop-page', false],
      ['urn:brain:route:default:shop', false],
    ]);
    expect(resources[1]?.content.spec).toEqual({ files: { 'index.html': 'Hi' } });
    expect(resources[0]?.content.spec).toMatchObject({ replicas: 2 });
    expect(resources[2]?.content.spec).toMatchObject({
      domains: ['a.example.com'],
      hostname: `shop-${pod.name}.${DOMAIN}`,
    });
    expect(_links).toEqual({
      pod: { href: `/v1/pods/${pod.name}` },
      revision: { href: `/v1/pods/${pod.name}/revisions/${revisionId}` },
    });
    expect(await api.store.revisions.find(pod.id, revisionId)).toMatchObject({ state: 'draft' });
    expect(await api.store.resources.list(revisionId)).toHaveLength(3);
  });

  proves(201, 'takes the defaults for what is left out', async (api) => {
    const pod = await api.newPod();
    const { resources } = (await api.call(installation(pod))).as(201, ResourceMutation);
    expect(resources.map(({ content }) => content.metadata.name)).toEqual([
      'sample',
      'sample-page',
      'sample',
    ]);
  });

  proves(201, 'can be installed twice under two names, with other secrets', async (api) => {
    const pod = await api.newPod();
    const secrets = [];
    for (const name of ['one', 'two']) {
      const { resources } = (await api.call(installation(pod, { name }))).as(201, ResourceMutation);
      const content = resources[0]?.content;
      const env = content?.kind === 'App' ? content.spec.env : [];
      secrets.push(env.find((entry) => entry.name === 'SECRET')?.value);
    }
    expect(secrets).toEqual([
      expect.stringMatching(/^key:[0-9a-f]{32}$/),
      expect.stringMatching(/^key:[0-9a-f]{32}$/),
    ]);
    expect(secrets[0]).not.toBe(secrets[1]);
    expect(await api.store.resources.list(pod.head.id)).toHaveLength(6);
  });

  proves(201, 'piles up in the same draft as other changes', async (api) => {
    const pod = await api.newPod();
    const draft = await api.write(pod, sampleConfig());
    const { revisionId } = (await api.call(installation(pod))).as(201, ResourceMutation);
    expect(revisionId).toBe(draft);
    expect(await api.store.resources.list(draft)).toHaveLength(4);
  });

  proves(400, 'tells every fault of the input at once, and installs nothing', async (api) => {
    const pod = await api.newPod();
    const input = { name: 'No Name', replicas: 11, domains: 'x', colour: 'red', 'a\nb': 1 };
    expect((await faultPaths(api, installation(pod, input))).sort()).toEqual([
      'input.colour',
      'input.domains',
      'input.name',
      'input.replicas',
      'input["a\\nb"]',
    ]);
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
  });

  proves(400, 'names the input behind what is wrong with a resource', async (api) => {
    const pod = await api.newPod();
    expect(await faultPaths(api, installation(pod, { image: 'not an image!' }))).toEqual(['input.image']);
    expect(await faultPaths(api, installation(pod, { instance: '.5x', replicas: 3 }))).toEqual([
      'input.replicas',
    ]);
  });

  proves(400, 'names the input behind names that are taken', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp('shop'), sampleRoute('shop'));
    const faults = await faultsOf(api, installation(pod, { name: 'shop' }));
    expect(faults.map(({ path }) => path)).toEqual(['input.name', 'input.name']);
    expect(faults.map(({ message }) => message).join()).toMatch(/App "shop" exists.*Route "shop" exists/);
    expect(await api.store.resources.list(pod.head.id)).toHaveLength(2);
    (await api.call(installation(pod, { name: 'shop2' }))).as(201, ResourceMutation);
  });

  proves(400, 'refuses what goes beyond a limit of the pod', async (api) => {
    const pod = await api.newPod();
    const limits = { apps: 0, cpuMillis: null, memoryMiB: null, diskGb: null };
    await api.store.pods.setLimits(pod.id, limits, TEST_ACTOR);
    expect(await faultPaths(api, installation(pod))).toEqual(['limits.apps']);
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
  });

  proves(400, 'names the input behind a domain that another pod has', async (api) => {
    const [pod, other] = [await api.newPod(), await api.newPod()];
    await api.write(other, sampleApp(), sampleRoute('web', { domains: ['taken.example.com'] }));
    expect(await api.store.domains.hold(other.id, 'taken.example.com', new Date())).toBe(true);
    const domains = ['free.example.com', 'taken.example.com'];
    expect(await faultPaths(api, installation(pod, { domains }))).toEqual(['input.domains[1]']);
  });

  proves(400, 'keeps to a body of just an input', async (api) => {
    const pod = await api.newPod();
    const request = installation(pod);
    expect(await faultPaths(api, { ...request, json: { input: {}, name: 'x' } })).toEqual(['name']);
    expect(await faultPaths(api, { ...request, json: {} })).toEqual(['input']);
    for (const input of [null, 'x', 1, []]) {
      expect(await faultPaths(api, installation(pod, input))).toEqual(['input']);
    }
    const { method, path } = request;
    expect((await api.call({ method, path })).error(400).code).toBe('BAD_REQUEST');
    expect((await api.call({ ...request, path: `${path}?dryRun=true` })).error(400).code).toBe('BAD_REQUEST');
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
  });

  proves(404, 'for a blueprint that does not exist', async (api) => {
    const pod = await api.newPod();
    const error = (await api.call(installation(pod, {}, 'none'))).error(404);
    expect(error.message).toContain('blueprint');
  });
});
