import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { newCluster } from '../../testing/sample-cluster.ts';

const request = { method: 'POST', path: '/v1/pods' } as const;

describeOperation('createPod', { request: () => request }, ({ proves }) => {
  proves(
    201,
    'makes a pod with an empty draft, from a call with neither body nor Content-Type',
    async (api) => {
      const pod = (await api.call(request)).as(201, Pod);
      expect(pod).toMatchObject({
        name: expect.stringMatching(/^[a-z]+-[a-z]+(-\d+)?$/),
        displayName: null,
        isOwner: true,
        deployed: null,
        head: { version: 1, status: 'draft', parent: null, summary: null, error: null },
        _links: {
          self: { href: `/v1/pods/${pod.name}` },
          revisions: { href: `/v1/pods/${pod.name}/revisions` },
          resources: { href: `/v1/pods/${pod.name}/resources` },
          events: { href: `/v1/pods/${pod.name}/events` },
          images: { href: `/v1/pods/${pod.name}/images` },
        },
      });
      expect((await api.get(`/v1/pods/${pod.name}`)).as(200, Pod)).toEqual(pod);
      expect(await api.store.resources.list(pod.head.id)).toEqual([]);
    },
  );

  proves(201, 'takes a display name, an empty object, an empty JSON body and unknown keys', async (api) => {
    const named = await api.call({ ...request, json: { displayName: 'Shop – Größe 1' } });
    expect(named.as(201, Pod).displayName).toBe('Shop – Größe 1');
    const empty = await api.call({ ...request, json: {} });
    expect(empty.as(201, Pod).displayName).toBeNull();
    const blank = await api.call({
      ...request,
      payload: '',
      headers: { 'content-type': 'application/json' },
    });
    blank.as(201, Pod);
    (await api.call({ ...request, json: { unknown: 1 } })).as(201, Pod);
  });

  proves(201, 'puts it into the cluster that is named, else into the one of the server', async (api) => {
    const { id } = await newCluster(api);
    const chosen = await api.call({ ...request, json: { cluster: id.toUpperCase() } });
    const other = await api.call({ ...request, json: {} });
    const clusterOf = async ({ name }: { name: string }) =>
      (await api.store.pods.find(api.accountId, name))?.clusterId;
    expect(await clusterOf(chosen.as(201, Pod))).toBe(id);
    expect(await clusterOf(other.as(201, Pod))).toBe(await api.store.clusters.defaultId());
  });

  proves(400, 'says that there is no such cluster', async (api) => {
    for (const cluster of [crypto.randomUUID(), 'default', 1, null]) {
      const error = (await api.call({ ...request, json: { cluster } })).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'cluster' }] });
    }
  });

  proves(400, 'says what is wrong with the display name', async (api) => {
    for (const displayName of [1, null, 'x'.repeat(201), 'a\u0000b', '\ud800']) {
      const error = (await api.call({ ...request, json: { displayName } })).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'displayName' }] });
    }
  });

  proves(400, 'refuses a query parameter, which it has none of', async (api) => {
    const error = (await api.call({ ...request, path: '/v1/pods?dryRun=true' })).error(400);
    expect(error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: 'dryRun' }] });
  });

  proves(403, 'with a key for one pod only', async (api) => {
    const pod = await api.newPod();
    const key = await api.keyFor(['pods:create'], [pod.name]);
    expect((await api.call({ ...request, key })).error(403).code).toBe('FORBIDDEN');
  });
});
