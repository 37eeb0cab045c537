import { formatReference } from '@brainpod/model/reference';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import { expect } from 'vitest';
import { DeploymentAccepted } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request } from '../../testing/test-api.ts';

function redeployment(pod: PodRecord, query = ''): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/redeploy${query}` };
}

describeOperation('redeployPod', { request: (pod) => redeployment(pod) }, ({ proves }) => {
  proves(202, 'tries the same revision again, with no body or an empty object', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const id = await api.deploy(pod, 'failed');
    const answer = (await api.call(redeployment(pod))).as(202, DeploymentAccepted);
    expect(answer).toMatchObject({ revisionId: id, state: 'pending', error: null });
    await api.finish(id, 'failed');
    (await api.call({ ...redeployment(pod), json: {} })).as(202, DeploymentAccepted);
  });

  proves(200, 'answers as soon as it is deployed, while watching', async (api) => {
    const pod = await api.newPod();
    const id = await api.deploy(pod, 'failed');
    const watching = api.call(redeployment(pod, '?watch=20'));
    const isPending = async () => (await api.store.revisions.find(pod.id, id))?.state === 'pending';
    await waitFor(isPending, { timeoutMs: 5000, what: 'the redeploy to begin' });
    await api.finish(id, 'deployed');
    expect((await watching).as(200, DeploymentAccepted)).toMatchObject({ revisionId: id, state: 'deployed' });
  });

  proves(400, 'for a body with keys, and for a wrong watch', async (api) => {
    const pod = await api.newPod();
    await api.deploy(pod, 'failed');
    (await api.call({ ...redeployment(pod), json: { summary: 'again' } })).error(400);
    (await api.call(redeployment(pod, '?watch=100'))).error(400);
  });

  proves(400, 'when what failed has faults by now', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp('web', { env: [{ name: 'A', value: formatReference('none', 'host') }] }));
    await api.deploy(pod, 'failed');
    expect((await api.call(redeployment(pod))).error(400).code).toBe('VALIDATION_ERROR');
  });

  proves(412, 'when the latest revision did not fail', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(redeployment(pod))).error(412).code).toBe('PRECONDITION_FAILED');
    await api.deploy(pod, 'pending');
    expect((await api.call(redeployment(pod))).error(412).message).toContain('pending');
    await api.finish(pod.head.id, 'deployed');
    expect((await api.call(redeployment(pod))).error(412).message).toContain('deployed');
  });

  proves(412, 'when a draft lies on top of what failed', async (api) => {
    const pod = await api.newPod();
    await api.deploy(pod, 'failed');
    await api.write(pod, sampleApp());
    expect((await api.call(redeployment(pod))).error(412).message).toContain('draft');
  });
});
