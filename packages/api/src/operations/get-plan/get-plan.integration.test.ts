import { formatReference } from '@brainpod/model/reference';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleDisk, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { DeploymentAccepted, Plan, type PlanBody } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { newCluster, type Request, type TestApi } from '../../testing/test-api.ts';

function planning(pod: PodRecord, query = ''): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/plan${query}` };
}

async function planOf(api: TestApi, pod: PodRecord): Promise<PlanBody> {
  return (await api.call(planning(pod))).as(200, Plan);
}

async function replace(api: TestApi, pod: PodRecord, place: string, json: unknown): Promise<void> {
  const path = `/v1/pods/${pod.name}/resources/${place}`;
  expect((await api.call({ method: 'PUT', path, json })).status).toBe(200);
}

function deploy(pod: PodRecord, tag: string): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/deploy`, headers: { 'if-match': `"${tag}"` } };
}

describeOperation('getPlan', { request: (pod) => planning(pod) }, ({ proves }) => {
  proves(200, 'of a first deploy: everything is new, and the cluster accepts it', async (api) => {
    const pod = await api.newPod();
    api.cluster = newCluster();
    await api.write(pod, sampleApp(), sampleConfig(), sampleRoute());
    const answer = await api.call(planning(pod));
    const plan = answer.as(200, Plan);
    expect(plan).toMatchObject({
      revision: pod.head.id,
      base: null,
      canDeploy: true,
      message: null,
      cluster: { accepted: true, message: null, refusals: [] },
      capacity: { demand: { apps: 1, cpuMillis: 250, memoryMiB: 256, diskGb: 0 }, faults: [] },
      faults: [],
    });
    expect(plan.changes.map(({ urn, action }) => [urn, action])).toEqual([
      ['urn:brain:app:default:web', 'create'],
      ['urn:brain:config:default:settings', 'create'],
      ['urn:brain:route:default:web', 'create'],
    ]);
    expect(answer.headers.etag).toBe(`"${plan.tag}"`);
    expect(api.cluster.checked.map(({ object }) => object.kind)).toContain('Deployment');
    for (const { _links } of plan.changes) {
      for (const { href } of Object.values(_links)) expect((await api.get(href)).status).toBe(200);
    }
  });

  proves(200, 'of changes: what is rolled, scaled, changed in place and removed', async (api) => {
    const pod = await api.newPod();
    await api.write(
      pod,
      sampleApp('web', { instance: '1x' }),
      sampleApp('old'),
      sampleConfig(),
      sampleRoute(),
    );
    const first = await api.deploy(pod, 'deployed');
    await replace(api, pod, 'App/default/web', sampleApp('web', { instance: '1x', image: 'nginx:2' }));
    const gone = `/v1/pods/${pod.name}/resources/App/default/old`;
    expect((await api.call({ method: 'DELETE', path: gone })).status).toBe(200);
    const plan = await planOf(api, pod);
    expect(plan.base).toBe(first);
    expect(plan.changes.map(({ urn, action }) => [urn.slice(10), action])).toEqual([
      ['app:default:old', 'delete'],
      ['app:default:web', 'roll'],
      ['config:default:settings', 'none'],
      ['route:default:web', 'none'],
    ]);
    expect(plan.changes[0]?.interruption).toMatchObject({ seconds: null });
    expect(plan.changes[1]).toMatchObject({ interruption: null });
    for (const { _links } of plan.changes) {
      for (const { href } of Object.values(_links)) expect((await api.get(href)).status).toBe(200);
    }
  });

  proves(200, 'compares with what is on its way, which will be live by then', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    await api.deploy(pod, 'deployed');
    await api.write(pod, sampleConfig());
    const onItsWay = await api.deploy(pod, 'pending');
    await api.write(pod, sampleApp('more'));
    const plan = await planOf(api, pod);
    expect(plan.base).toBe(onItsWay);
    expect(plan.changes.filter(({ action }) => action !== 'none').map(({ name }) => name)).toEqual(['more']);
    await api.finish(onItsWay, 'deployed');
    expect((await planOf(api, pod)).tag).toBe(plan.tag);
  });

  proves(200, 'lists all that forbids the deploy, and does not trouble the cluster then', async (api) => {
    const pod = await api.newPod();
    api.cluster = newCluster();
    const env = [{ name: 'A', value: formatReference('gone', 'host') }];
    await api.write(pod, sampleApp('web', { env }), sampleDisk());
    const plan = await planOf(api, pod);
    expect(plan).toMatchObject({ canDeploy: false, cluster: { accepted: null, refusals: [] } });
    expect(plan.faults.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['App/web.spec.env[0].value', 'Disk/data']),
    );
    expect(plan.message).toContain('mended');
    expect(api.cluster.checked).toEqual([]);
    const refused = (await api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy` })).error(400);
    expect(refused.details?.map(({ path }) => path).toSorted()).toEqual(
      plan.faults.map(({ path }) => path).toSorted(),
    );
  });

  proves(200, 'tells what the cluster refuses, and that it could not be asked', async (api) => {
    const pod = await api.newPod();
    api.cluster = newCluster();
    await api.write(pod, sampleApp());
    const refusals = [{ path: 'App/web', message: 'There is no room.' }];
    api.cluster.refusals = refusals;
    const refused = await planOf(api, pod);
    expect(refused).toMatchObject({ canDeploy: false, cluster: { accepted: false, refusals } });
    api.cluster.isAway = true;
    const unasked = await planOf(api, pod);
    expect(unasked).toMatchObject({ canDeploy: true, cluster: { accepted: null, refusals: [] } });
    expect(unasked.cluster.message).toContain('cannot be reached');
    expect(unasked.tag).toBe(refused.tag);
  });

  for (const state of ['pending', 'deployed', 'failed'] as const) {
    proves(200, `is empty and says so when the latest revision is ${state}`, async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      await api.deploy(pod, state);
      const plan = await planOf(api, pod);
      expect(plan).toMatchObject({ canDeploy: false, changes: [], faults: [{ path: 'revision' }] });
      expect(plan.message).toContain('no draft');
    });
  }

  proves(200, 'its tag lets a deploy do just what was read, or nothing', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const { tag } = await planOf(api, pod);
    expect((await planOf(api, pod)).tag).toBe(tag);
    await api.write(pod, sampleConfig());
    const changed = (await api.call(deploy(pod, tag))).error(412);
    expect(changed.code).toBe('PRECONDITION_FAILED');
    expect(changed.message).toContain('the draft, or an image that it names, changed since');
    expect((await api.store.revisions.find(pod.id, pod.head.id))?.state).toBe('draft');
    const next = await planOf(api, pod);
    expect(next.tag).not.toBe(tag);
    (await api.call(deploy(pod, next.tag))).as(202, DeploymentAccepted);
  });

  proves(200, 'its tag also names what is deployed', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const first = await api.deploy(pod, 'pending');
    await api.write(pod, sampleConfig());
    const { tag } = await planOf(api, pod);
    await api.finish(first, 'failed');
    const changed = (await api.call(deploy(pod, tag))).error(412);
    expect(changed.message).toContain('what is deployed or on its way changed since');
  });

  proves(200, 'shows what is asked for beside the limits, which its tag names too', async (api) => {
    const pod = await api.newPod();
    api.cluster = newCluster();
    await api.write(pod, sampleApp('one'), sampleApp('two'));
    const { tag } = await planOf(api, pod);
    const limits = { apps: 1, cpuMillis: null, memoryMiB: null, diskGb: null };
    await api.store.pods.setLimits(pod.id, limits, TEST_ACTOR);
    const plan = await planOf(api, pod);
    expect(plan).toMatchObject({
      canDeploy: false,
      capacity: { demand: { apps: 2 }, limits, faults: [{ path: 'limits.apps' }] },
      faults: [{ path: 'limits.apps' }],
    });
    const changed = (await api.call(deploy(pod, tag))).error(412);
    expect(changed.message).toContain('the limits, sizes or restarts of the pod changed since');
  });

  proves(200, 'of a stopped pod says that it must be started first', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    await api.store.pods.stop(pod.id, TEST_ACTOR);
    expect(await planOf(api, pod)).toMatchObject({ canDeploy: false, faults: [{ path: 'pod' }] });
  });

  proves(200, 'of many who deploy by one plan, one does', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const { tag } = await planOf(api, pod);
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.call(deploy(pod, tag))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 412, 412, 412, 412]);
  });

  proves(412, 'of another revision than the latest', async (api) => {
    const pod = await api.newPod();
    await api.deploy(pod, 'deployed');
    const draft = await api.write(pod, sampleApp());
    expect((await api.call(planning(pod, `?revision=${draft}`))).as(200, Plan).revision).toBe(draft);
    expect((await api.call(planning(pod, `?revision=${pod.head.id}`))).error(412).code).toBe(
      'PRECONDITION_FAILED',
    );
  });

  proves(400, 'for what is no id', async (api) => {
    (await api.call(planning(await api.newPod(), '?revision=head'))).error(400);
  });

  proves(503, 'while nothing is known of the cluster', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    api.cluster = null;
    const answer = await api.call(planning(pod));
    expect(answer.error(503).code).toBe('SERVICE_UNAVAILABLE');
    expect(answer.headers['retry-after']).toBeDefined();
    api.cluster = newCluster();
  });
});
