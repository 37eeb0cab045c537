import { randomUUID } from 'node:crypto';
import { checkCandidate, registrarOf } from '../../cluster-check.ts';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { ClusterInput, RegisteredCluster } from '../../operator-schemas.ts';
import { operatorClusterBody } from '../../representations/cluster.ts';

export const registerCluster = operatorOperation({
  id: 'registerCluster',
  method: 'POST',
  path: '/v1/operator/clusters',
  tag: 'operator',
  summary: 'Register a cluster for pods to run in',
  description:
    'It is asked whether it has all that is needed; what it lacks comes back as faults. The kubeconfig is kept encrypted and never shown again.',
  access: { action: 'platform:operate' },
  query: EMPTY_QUERY,
  body: bodyOf(ClusterInput, { required: true }),
  hasPrecondition: true,
  responses: { 201: { description: 'The cluster', schema: RegisteredCluster } },
  prepare: ({ deps, body: { kubeconfig, gatewayClass = null } }) =>
    checkCandidate(deps, { kubeconfig, gatewayClass }),
  handle: async ({ deps, body, actor, prepared: warnings }) => {
    const { kubeconfig, provider = null, country = null, region = null, gatewayClass = null, ...rest } = body;
    const id = randomUUID();
    const kubeconfigSealed = registrarOf(deps).seal(id, kubeconfig);
    const facts = { ...rest, id, provider, country, region, gatewayClass };
    const cluster = await deps.store.clusters.register({ ...facts, kubeconfigSealed }, actor);
    return { status: 201, body: { ...operatorClusterBody(cluster), warnings } };
  },
});
