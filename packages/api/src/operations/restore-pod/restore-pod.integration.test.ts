import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { TestApi } from '../../testing/test-api.ts';

const restore = (name: string) => ({ method: 'POST', path: `/v1/deleted-pods/${name}/restore` }) as const;
const remove = (pod: PodRecord, api: TestApi) => api.store.pods.remove(pod.id, TEST_ACTOR);

describeOperation('restorePod', { request: (pod) => restore(pod.name), prepare: remove }, ({ proves }) => {
  proves(200, 'brings a pod back as it was', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    await api.deploy(pod, 'deployed');
    const before = (await api.get(`/v1/pods/${pod.name}`)).as(200, Pod);
    await remove(pod, api);
    expect((await api.call(restore(pod.name))).as(200, Pod)).toEqual(before);
    expect((await api.get(`/v1/pods/${pod.name}`)).as(200, Pod)).toEqual(before);
  });

  proves(404, 'for a pod that is not deleted', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(restore(pod.name))).error(404).code).toBe('NOT_FOUND');
  });

  proves(400, 'takes neither a body with keys nor query parameters', async (api) => {
    const pod = await api.newPod();
    await remove(pod, api);
    (await api.call({ ...restore(pod.name), json: { name: 'x' } })).error(400);
    (await api.call({ ...restore(pod.name), path: `${restore(pod.name).path}?force=true` })).error(400);
    expect(await api.store.pods.findDeleted(api.accountId, pod.name)).not.toBeNull();
  });
});
