import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { ResourceRestart } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { TestApi } from '../../testing/test-api.ts';

const WEB = { kind: 'App', name: 'web' } as const;
const show = (pod: { name: string }, resource = 'App/default/web') =>
  ({ method: 'GET', path: `/v1/pods/${pod.name}/resources/${resource}/restart` }) as const;

async function restarted(pod: PodRecord, api: TestApi) {
  await api.write(pod, sampleApp());
  await api.deploy(pod, 'deployed');
  return api.store.restarts.start(pod.id, WEB, TEST_ACTOR);
}

describeOperation('getRestart', { request: (pod) => show(pod), prepare: restarted }, ({ proves }) => {
  proves(200, 'shows the last restart, and why it failed', async (api) => {
    const pod = await api.newPod();
    const restart = await restarted(pod, api);
    const begun = (await api.call(show(pod))).as(200, ResourceRestart);
    expect(begun).toMatchObject({ restartedAt: restart.restartedAt.toISOString(), finishedAt: null });
    await api.store.reconciler.finishRestart(pod.id, restart, 'App "web" never became ready.');
    const failed = (await api.call(show(pod))).as(200, ResourceRestart);
    expect(failed).toMatchObject({ finishedAt: expect.any(String), error: 'App "web" never became ready.' });
    // What comes late to a restart that is over changes nothing.
    await api.store.reconciler.finishRestart(pod.id, restart, null);
    expect((await api.call(show(pod))).as(200, ResourceRestart)).toEqual(failed);
    const next = await api.store.restarts.start(pod.id, WEB, TEST_ACTOR);
    expect(next.restartedAt > restart.restartedAt).toBe(true);
    expect((await api.call(show(pod))).as(200, ResourceRestart)).toMatchObject({
      error: null,
      finishedAt: null,
    });
  });

  proves(404, 'for what was never restarted', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(show(pod))).error(404).code).toBe('NOT_FOUND');
    expect((await api.call(show(pod, 'App/default/-'))).error(404).code).toBe('NOT_FOUND');
  });

  proves(400, 'for what is no kind', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(show(pod, 'app/default/web'))).error(400).code).toBe('BAD_REQUEST');
  });
});
