import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import { expect } from 'vitest';
import { DeploymentAccepted, Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request } from '../../testing/test-api.ts';

function cancellation(pod: PodRecord, revisionId = pod.head.id, query = ''): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/revisions/${revisionId}/cancel${query}` };
}

describeOperation('cancelRevision', { request: (pod) => cancellation(pod) }, ({ proves }) => {
  proves(200, 'sets the draft aside for one that holds what is deployed', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const live = await api.deploy(pod, 'deployed');
    const draft = await api.write(pod, sampleConfig());
    const answer = (await api.call(cancellation(pod, draft))).as(200, DeploymentAccepted);
    expect(answer).toMatchObject({ revisionId: draft, state: 'canceled', error: null });
    const { head } = (await api.get(`/v1/pods/${pod.name}`)).as(200, Pod);
    expect(head).toMatchObject({ parent: live, version: 3, status: 'draft' });
    expect(await api.store.resources.list(head.id)).toHaveLength(1);
  });

  for (const state of ['pending', 'ready'] as const) {
    proves(200, `stops a revision that is ${state}; who waits for it is told`, async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      const watching = api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy?watch=20` });
      const target = async () => (await api.store.reconciler.loadPod(pod.id))?.target?.revisionId;
      const id = await waitFor(target, { timeoutMs: 5000, what: 'the deploy to begin' });
      await api.finish(id, state);
      const answer = (await api.call({ ...cancellation(pod, id), json: {} })).as(200, DeploymentAccepted);
      expect(answer).toMatchObject({ revisionId: id, state: 'canceled' });
      expect((await watching).as(200, DeploymentAccepted).state).toBe('canceled');
      expect(await target()).toBeUndefined();
    });
  }

  for (const state of ['deployed', 'failed'] as const) {
    proves(412, `when it is ${state}`, async (api) => {
      const pod = await api.newPod();
      const id = await api.deploy(pod, state);
      const error = (await api.call(cancellation(pod, id))).error(412);
      expect(error.code).toBe('PRECONDITION_FAILED');
      expect(error.message).toContain(state);
    });
  }

  proves(412, 'when it was canceled before', async (api) => {
    const pod = await api.newPod();
    (await api.call(cancellation(pod))).as(200, DeploymentAccepted);
    (await api.call(cancellation(pod))).error(412);
  });

  proves(400, 'takes neither a body with keys nor query parameters', async (api) => {
    const pod = await api.newPod();
    (await api.call({ ...cancellation(pod), json: { why: 'x' } })).error(400);
    (await api.call(cancellation(pod, pod.head.id, '?force=true'))).error(400);
    expect((await api.store.revisions.find(pod.id, pod.head.id))?.state).toBe('draft');
  });

  proves(404, 'for a revision of another pod, and for what is no id', async (api) => {
    const pod = await api.newPod();
    for (const id of [(await api.newPod()).head.id, 'x', '%00']) {
      expect((await api.call(cancellation(pod, id))).error(404).code).toBe('NOT_FOUND');
    }
  });
});
