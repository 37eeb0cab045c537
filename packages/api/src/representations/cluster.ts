import type { Cluster } from '@brainpod/store/clusters';
import type { OperatorClusterBody } from '../operator-schemas.ts';
import type { ClusterBody } from '../schemas.ts';

/** A cluster as anybody sees it. */
export function clusterBody({ id, provider, country, region, architectures }: Cluster): ClusterBody {
  return { id, provider, country, region, architectures };
}

/** A cluster as the operator sees it. What gives access to it is never shown. */
export function operatorClusterBody(cluster: Cluster): OperatorClusterBody {
  const { name, gatewayClass, isBuiltIn } = cluster;
  return { ...clusterBody(cluster), name, gatewayClass, isBuiltIn };
}
