import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { ResourceMutation } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request } from '../../testing/test-api.ts';

function deletion(pod: PodRecord, place = 'App/default/web'): Request {
  return { method: 'DELETE', path: `/v1/pods/${pod.name}/resources/${place}` };
}

describeOperation('deleteResource', { request: (pod) => deletion(pod) }, ({ proves }) => {
  proves(200, 'takes it out of the draft and answers with what it was', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp(), sampleConfig());
    const answer = (await api.call(deletion(pod))).as(200, ResourceMutation);
    expect(answer).toMatchObject({ revisionId: pod.head.id, resources: [{ content: sampleApp() }] });
    expect((await api.store.resources.list(pod.head.id)).map(({ kind }) => kind)).toEqual(['Config']);
  });

  proves(200, 'starts a new draft on top of what is deployed, which stays as it is', async (api) => {
    const pod = await api.newPod();
    const first = await api.write(pod, sampleApp());
    await api.deploy(pod, 'deployed');
    const { revisionId } = (await api.call(deletion(pod))).as(200, ResourceMutation);
    expect(await api.store.revisions.find(pod.id, revisionId)).toMatchObject({ parentId: first, version: 2 });
    expect(await api.store.resources.list(revisionId)).toEqual([]);
    expect(await api.store.resources.list(first)).toHaveLength(1);
  });

  proves(200, 'leaves references to it for the deploy to complain about', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp(), sampleRoute());
    (await api.call(deletion(pod))).as(200, ResourceMutation);
    const deploy = await api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy` });
    expect(deploy.error(400).details?.map(({ path }) => path)).toEqual([
      'Route/web.spec.rules[0].backendRef',
    ]);
  });

  proves(400, 'for a path that cannot be a resource', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(deletion(pod, 'app/default/web'))).error(400).message).toContain('capitals count');
  });

  proves(400, 'takes no query parameters', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    (await api.call(deletion(pod, 'App/default/web?dryRun=true'))).error(400);
    expect(await api.store.resources.list(pod.head.id)).toHaveLength(1);
  });

  proves(404, 'for a resource that is not there', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(deletion(pod))).error(404).message).toContain('App "web"');
  });
});
