import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { RevisionDetail } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

describeOperation(
  'getRevision',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}/revisions/${pod.head.id}` }) },
  ({ proves }) => {
    proves(200, 'shows the resources, which are well only once they are deployed', async (api) => {
      const pod = await api.newPod();
      const id = await api.write(pod, sampleApp(), sampleConfig());
      const path = `/v1/pods/${pod.name}/revisions/${id}`;
      const health = async () =>
        (await api.get(path)).as(200, RevisionDetail).resources.map(({ urn, healthy }) => ({ urn, healthy }));
      const all = (healthy: boolean) => [
        { urn: 'urn:brain:app:default:web', healthy },
        { urn: 'urn:brain:config:default:settings', healthy },
      ];
      expect(await health()).toEqual(all(false));
      await api.deploy(pod, 'pending');
      await api.store.reconciler.saveStatuses(pod.id, [
        {
          kind: 'App',
          name: 'web',
          status: { phase: 'Ready', readyReplicas: 1, replicas: [] },
          healthy: true,
        },
      ]);
      expect(await health()).toEqual(all(false));
      await api.finish(id, 'ready');
      expect(await health()).toEqual(all(false));
      expect((await api.get(path)).as(200, RevisionDetail).checksum).toBe('sum');
      await api.store.reconciler.markDeployed(id);
      expect(await health()).toEqual(all(true));
      expect((await api.get(path)).as(200, RevisionDetail)).toMatchObject({
        id,
        state: 'deployed',
        isLatest: true,
        isDeployed: true,
        resources: [
          {
            content: sampleApp(),
            status: { phase: 'Ready', readyReplicas: 1, replicas: [] },
            _links: {
              self: { href: `/v1/pods/${pod.name}/resources/App/default/web?revision=${id}` },
              pod: { href: `/v1/pods/${pod.name}` },
              revision: { href: path },
            },
          },
          { content: sampleConfig(), status: null },
        ],
      });
    });

    proves(404, 'for a revision that the pod has not', async (api) => {
      const [pod, other] = [await api.newPod(), await api.newPod()];
      for (const id of [other.head.id, '00000000-0000-4000-8000-000000000000', 'latest', '%00', "'--"]) {
        expect((await api.get(`/v1/pods/${pod.name}/revisions/${id}`)).error(404).code).toBe('NOT_FOUND');
      }
    });
  },
);
