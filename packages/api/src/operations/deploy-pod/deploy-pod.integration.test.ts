import { formatReference } from '@brainpod/model/reference';
import type { PodRecord } from '@brainpod/store/pods';
import {
  sampleApp,
  sampleConfig,
  sampleDisk,
  samplePostgres,
  sampleRoute,
} from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { waitFor } from '@brainpod/testkit/wait-for';
import { expect } from 'vitest';
import { DeploymentAccepted } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { REGISTRY_HOST, type Request } from '../../testing/test-api.ts';

function deployment(pod: PodRecord, query = ''): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/deploy${query}` };
}

describeOperation('deployPod', { request: (pod) => deployment(pod) }, ({ proves }) => {
  proves(202, 'sends the draft on its way, from a call without a body', async (api) => {
    const pod = await api.newPod();
    const id = await api.write(pod, sampleApp());
    expect((await api.call(deployment(pod))).as(202, DeploymentAccepted)).toEqual({
      revisionId: id,
      state: 'pending',
      error: null,
      _links: {
        pod: { href: `/v1/pods/${pod.name}` },
        revision: { href: `/v1/pods/${pod.name}/revisions/${id}` },
      },
    });
    expect((await api.store.reconciler.loadPod(pod.id))?.target?.revisionId).toBe(id);
  });

  proves(202, 'keeps the summary', async (api) => {
    const pod = await api.newPod();
    const answer = await api.call({ ...deployment(pod), json: { summary: 'First – mit Umlaut ü' } });
    const { revisionId } = answer.as(202, DeploymentAccepted);
    expect((await api.store.revisions.find(pod.id, revisionId))?.summary).toBe('First – mit Umlaut ü');
  });

  proves(202, 'a pod without resources can be deployed too', async (api) => {
    (await api.call({ ...deployment(await api.newPod()), json: {} })).as(202, DeploymentAccepted);
  });

  proves(202, 'when watching takes too long', async (api) => {
    const pod = await api.newPod();
    const started = performance.now();
    const answer = (await api.call(deployment(pod, '?watch=1'))).as(202, DeploymentAccepted);
    expect(answer.state).toBe('pending');
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  for (const end of ['deployed', 'failed'] as const) {
    proves(200, `answers as soon as it is ${end}, while watching`, async (api) => {
      const pod = await api.newPod();
      const id = await api.write(pod, sampleApp());
      const started = performance.now();
      const watching = api.call(deployment(pod, '?watch=20'));
      const target = async () => (await api.store.reconciler.loadPod(pod.id))?.target != null;
      await waitFor(target, { timeoutMs: 5000, what: 'the deploy to begin' });
      await api.finish(id, end);
      const answer = (await watching).as(200, DeploymentAccepted);
      expect(answer).toMatchObject({ revisionId: id, state: end });
      expect(answer.error).toBe(end === 'failed' ? 'App "web" never became ready.' : null);
      expect(performance.now() - started).toBeLessThan(10_000);
    });
  }

  proves(400, 'for a draft with faults, which stays a draft', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleRoute('web'), sampleApp('other', { image: `${REGISTRY_HOST}/elsewhere/x` }));
    const error = (await api.call(deployment(pod))).error(400);
    expect(error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ path: 'Route/web.spec.rules[0].backendRef' }, { path: 'App/other.spec.image' }],
    });
    expect((await api.store.revisions.find(pod.id, pod.head.id))?.state).toBe('draft');
  });

  proves(400, 'names each resource of a kind that does not run here yet', async (api) => {
    const pod = await api.newPod();
    const env = [{ name: 'DB', value: formatReference('db', 'uri') }];
    await api.write(pod, sampleApp('web', { env }), samplePostgres(), sampleDisk());
    const error = (await api.call(deployment(pod))).error(400);
    expect(error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ path: 'Postgres/db' }, { path: 'Disk/data' }],
    });
    expect(error.details?.[0]?.message).toContain('does not run here yet');
    expect((await api.store.revisions.find(pod.id, pod.head.id))?.state).toBe('draft');
  });

  proves(400, 'when the draft asks for more than the pod may have', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp('one'), sampleApp('two'));
    const limits = { apps: 1, cpuMillis: null, memoryMiB: 256, diskGb: null };
    await api.store.pods.setLimits(pod.id, limits, TEST_ACTOR);
    const error = (await api.call(deployment(pod))).error(400);
    expect(error.details?.map(({ path }) => path)).toEqual(['limits.apps', 'limits.memory']);
  });

  proves(412, 'while the pod is stopped', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    await api.store.pods.stop(pod.id, TEST_ACTOR);
    expect((await api.call(deployment(pod))).error(412).message).toContain('is stopped. Start it first');
    await api.store.pods.start(pod.id, TEST_ACTOR);
    (await api.call(deployment(pod))).as(202, DeploymentAccepted);
  });

  proves(400, 'for a body with other keys, and for a wrong watch', async (api) => {
    const pod = await api.newPod();
    const unknown = (await api.call({ ...deployment(pod), json: { wait: true } })).error(400);
    expect(unknown).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'wait' }] });
    (await api.call({ ...deployment(pod), json: { summary: 1 } })).error(400);
    (await api.call({ ...deployment(pod), json: [] })).error(400);
    for (const query of ['?watch=0', '?watch=21', '?watch=true', '?wait=1']) {
      expect((await api.call(deployment(pod, query))).error(400).code).toBe('BAD_REQUEST');
    }
    expect((await api.store.revisions.find(pod.id, pod.head.id))?.state).toBe('draft');
  });

  for (const state of ['pending', 'ready', 'deployed', 'failed'] as const) {
    proves(412, `when the latest revision is ${state}`, async (api) => {
      const pod = await api.newPod();
      await api.deploy(pod, state);
      const error = (await api.call(deployment(pod))).error(412);
      expect(error.code).toBe('PRECONDITION_FAILED');
      expect(error.message).toContain(state);
    });
  }

  proves(202, 'a second draft waits behind the first', async (api) => {
    const pod = await api.newPod();
    const first = await api.deploy(pod, 'pending');
    const second = await api.write(pod, sampleConfig());
    (await api.call(deployment(pod))).as(202, DeploymentAccepted);
    const target = async () => (await api.store.reconciler.loadPod(pod.id))?.target?.revisionId;
    expect(await target()).toBe(first);
    await api.finish(first, 'deployed');
    expect(await target()).toBe(second);
  });
});
