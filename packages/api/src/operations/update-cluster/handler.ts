import type { ClusterAccessRecord } from '@brainpod/store/clusters';
import { checkCandidate, clusterOfPath, registrarOf } from '../../cluster-check.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { ClusterUpdate, type ClusterUpdateBody, RegisteredCluster } from '../../operator-schemas.ts';
import { operatorClusterBody } from '../../representations/cluster.ts';

export const updateCluster = operatorOperation({
  id: 'updateCluster',
  method: 'PUT',
  path: '/v1/operator/clusters/{cluster}',
  tag: 'operator',
  summary: 'Change what is known of a cluster, or how it is reached',
  description:
    'What is left out stays as it is. A new kubeconfig must lead to the same cluster: what runs is not moved. The cluster that the server was started with is changed by its settings.',
  access: { action: 'platform:operate' },
  query: EMPTY_QUERY,
  body: bodyOf(ClusterUpdate, { required: true }),
  hasPrecondition: true,
  responses: { 200: { description: 'The cluster as it is now', schema: RegisteredCluster } },
  prepare: async ({ deps, params, body }) =>
    checkAccess(deps, await clusterOfPath(deps, params.cluster ?? ''), body),
  handle: async ({ deps, params, body, actor, prepared: warnings }) => {
    const record = await clusterOfPath(deps, params.cluster ?? '');
    const { kubeconfig, ...facts } = body;
    const sealed =
      kubeconfig === undefined ? {} : { kubeconfigSealed: registrarOf(deps).seal(record.id, kubeconfig) };
    const cluster = await deps.store.clusters.update(record.id, { ...facts, ...sealed }, actor);
    return { status: 200, body: { ...operatorClusterBody(cluster), warnings } };
  },
});

/** Asks the cluster again only where it is about to be reached or used in another way. */
async function checkAccess(deps: ApiDependencies, record: ClusterAccessRecord, change: ClusterUpdateBody) {
  const { kubeconfigSealed } = record;
  if (kubeconfigSealed === null) return [];
  if (change.kubeconfig === undefined && change.gatewayClass === undefined) return [];
  const { kubeconfig = registrarOf(deps).open(record.id, kubeconfigSealed) } = change;
  const { gatewayClass = record.gatewayClass } = change;
  return checkCandidate(deps, { kubeconfig, gatewayClass });
}
