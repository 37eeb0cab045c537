import { clusterOfPath } from '../../cluster-check.ts';
import { EMPTY_QUERY, NO_BODY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { OperatorCluster } from '../../operator-schemas.ts';
import { operatorClusterBody } from '../../representations/cluster.ts';

export const deleteCluster = operatorOperation({
  id: 'deleteCluster',
  method: 'DELETE',
  path: '/v1/operator/clusters/{cluster}',
  tag: 'operator',
  summary: 'Forget a cluster in which there are no pods',
  description: 'Deleted pods count until they are erased. In the cluster itself nothing is changed.',
  access: { action: 'platform:operate' },
  query: EMPTY_QUERY,
  body: NO_BODY,
  hasPrecondition: true,
  responses: { 200: { description: 'The cluster that was forgotten', schema: OperatorCluster } },
  handle: async ({ deps, params, actor }) => {
    const { kubeconfigSealed: _sealed, ...cluster } = await clusterOfPath(deps, params.cluster ?? '');
    await deps.store.clusters.remove(cluster.id, actor);
    return { status: 200, body: operatorClusterBody(cluster) };
  },
});
