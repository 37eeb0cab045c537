import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { OperatorCluster } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { newCluster } from '../../testing/sample-cluster.ts';
import type { Request } from '../../testing/test-api.ts';

const remove = (id: string): Request => ({ method: 'DELETE', path: `/v1/operator/clusters/${id}` });

describeOperation('deleteCluster', { request: () => remove(crypto.randomUUID()) }, ({ proves }) => {
  proves(200, 'forgets a cluster without pods, and answers with what it was', async (api) => {
    const { warnings: _warnings, ...cluster } = await newCluster(api);
    expect((await api.call(remove(cluster.id))).as(200, OperatorCluster)).toEqual(cluster);
    expect(await api.store.clusters.find(cluster.id)).toBeNull();
    expect((await api.call(remove(cluster.id))).error(404).code).toBe('NOT_FOUND');
  });

  proves(404, 'for a cluster that there is not', async (api) => {
    for (const id of [crypto.randomUUID(), 'default'])
      expect((await api.call(remove(id))).error(404).code).toBe('NOT_FOUND');
  });

  proves(412, 'while pods are in it, deleted ones too', async (api) => {
    const { id, name } = await newCluster(api);
    const pod = await api.store.pods.create({
      accountId: api.accountId,
      ownerId: api.userId,
      clusterId: id,
      displayName: null,
      actor: TEST_ACTOR,
    });
    const isRefused = async () => {
      const error = (await api.call(remove(id))).error(412);
      expect(error).toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining(name) });
    };
    await isRefused();
    expect((await api.call({ method: 'DELETE', path: `/v1/pods/${pod.name}` })).status).toBe(200);
    await isRefused();
    expect(await api.store.clusters.find(id)).not.toBeNull();
  });

  proves(412, 'for the one that the server was started with', async (api) => {
    const own = await api.store.clusters.defaultId();
    expect((await api.call(remove(own ?? ''))).error(412).message).toContain("server's settings");
    expect(await api.store.clusters.find(own ?? '')).not.toBeNull();
  });
});
