import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { Resource, ResourceRestart } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { TestApi } from '../../testing/test-api.ts';

const restart = (pod: { name: string }, resource = 'App/default/web') =>
  ({ method: 'POST', path: `/v1/pods/${pod.name}/resources/${resource}/restart` }) as const;

async function deployed(pod: PodRecord, api: TestApi): Promise<void> {
  await api.write(pod, sampleApp(), sampleConfig());
  await api.deploy(pod, 'deployed');
}

describeOperation('restartResource', { request: (pod) => restart(pod), prepare: deployed }, ({ proves }) => {
  proves(202, 'locks the resource until it is over', async (api) => {
    const pod = await api.newPod();
    await deployed(pod, api);
    const begun = (await api.call(restart(pod))).as(202, ResourceRestart);
    expect(begun).toMatchObject({ urn: 'urn:brain:app:default:web', finishedAt: null, error: null });
    const path = begun._links.resource.href;
    expect((await api.get(path)).as(200, Resource).locked).toBe(true);
    const put = await api.call({ method: 'PUT', path, json: sampleApp() });
    expect(put.error(412).code).toBe('PRECONDITION_FAILED');
    expect((await api.call({ method: 'DELETE', path })).error(412).code).toBe('PRECONDITION_FAILED');
    const restartedAt = new Date(begun.restartedAt);
    await api.store.reconciler.finishRestart(pod.id, { kind: 'App', name: 'web', restartedAt }, null);
    expect((await api.get(path)).as(200, Resource).locked).not.toBe(true);
    (await api.call({ method: 'DELETE', path })).as(200, { type: 'object' });
  });

  proves(412, 'while it is being restarted, and while a deploy is on its way', async (api) => {
    const pod = await api.newPod();
    await deployed(pod, api);
    await api.write(pod, sampleApp('other'));
    const id = await api.deploy(pod, 'pending');
    expect((await api.call(restart(pod))).error(412).message).toContain('on its way');
    await api.finish(id, 'failed');
    (await api.call(restart(pod))).as(202, ResourceRestart);
    expect((await api.call(restart(pod))).error(412).message).toContain('locked');
  });

  proves(400, 'for what is no App, and for what is no resource', async (api) => {
    const pod = await api.newPod();
    await deployed(pod, api);
    const error = (await api.call(restart(pod, 'Config/default/settings'))).error(400);
    expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'kind' }] });
    expect((await api.call(restart(pod, 'app/default/web'))).error(400).code).toBe('BAD_REQUEST');
    expect((await api.call(restart(pod, 'App/other/web'))).error(400).code).toBe('BAD_REQUEST');
    (await api.call({ ...restart(pod), json: { why: 'x' } })).error(400);
  });

  proves(404, 'for an App that does not run', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    expect((await api.call(restart(pod))).error(404).code).toBe('NOT_FOUND');
    expect((await api.call(restart(pod, 'App/default/-'))).error(404).code).toBe('NOT_FOUND');
  });
});
