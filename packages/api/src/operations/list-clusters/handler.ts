import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { clusterBody } from '../../representations/cluster.ts';
import { Cluster } from '../../schemas.ts';

export const listClusters = accountOperation({
  id: 'listClusters',
  method: 'GET',
  path: '/v1/clusters',
  tag: 'clusters',
  summary: 'List the places pods can run',
  access: { grant: 'any-key' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'All clusters', schema: Type.Array(Cluster) } },
  handle: async ({ deps }) => {
    const clusters = await deps.store.clusters.list();
    return { status: 200, body: clusters.map(clusterBody) };
  },
});
