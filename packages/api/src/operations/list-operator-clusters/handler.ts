import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { OperatorCluster } from '../../operator-schemas.ts';
import { operatorClusterBody } from '../../representations/cluster.ts';

export const listOperatorClusters = operatorOperation({
  id: 'listOperatorClusters',
  method: 'GET',
  path: '/v1/operator/clusters',
  tag: 'operator',
  summary: 'List the clusters as they were registered',
  access: { action: 'platform:operate' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'All clusters', schema: Type.Array(OperatorCluster) } },
  handle: async ({ deps }) => {
    const clusters = await deps.store.clusters.list();
    return { status: 200, body: clusters.map(operatorClusterBody) };
  },
});
