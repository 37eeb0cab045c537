import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

describeOperation(
  'getPod',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}` }) },
  ({ proves }) => {
    proves(200, 'shows both pointers', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp('one'));
      const deployed = await api.deploy(pod, 'deployed');
      await api.write(pod, sampleApp('two'));
      const head = await api.deploy(pod, 'failed');
      const path = `/v1/pods/${pod.name}`;
      expect((await api.get(path)).as(200, Pod)).toMatchObject({
        head: {
          id: head,
          parent: deployed,
          version: 2,
          status: 'failed',
          error: 'App "web" never became ready.',
          _links: {
            self: { href: `${path}/revisions/${head}` },
            resources: { href: `${path}/resources?revision=${head}` },
          },
        },
        deployed: { id: deployed, version: 1, status: 'deployed', error: null },
      });
    });

    proves(200, 'is for whoever may read the pod, and tells the owner', async (api) => {
      const pod = await api.newPod();
      const key = await api.keyFor(['pods:read'], [pod.name]);
      expect((await api.get(`/v1/pods/${pod.name}`, key)).as(200, Pod).isOwner).toBe(true);
    });
  },
);
