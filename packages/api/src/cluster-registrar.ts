import type { Fault } from '@brainpod/model/document';

/** How to reach a cluster, and what in it is to serve Routes; null: the server's own choice. */
export type ClusterCandidate = { kubeconfig: string; gatewayClass: string | null };

/** What the API needs to take a cluster in. Paths are `kubeconfig` and `gatewayClass`. */
export interface ClusterRegistrar {
  /** Asks the cluster whether it has all that is needed: faults make it unusable, with warnings something less works. */
  check(candidate: ClusterCandidate): Promise<{ faults: Fault[]; warnings: Fault[] }>;
  /** Encrypts a kubeconfig for this cluster alone. */
  seal(clusterId: string, kubeconfig: string): Buffer;
  /** The kubeconfig that was sealed for this cluster. */
  open(clusterId: string, sealed: Buffer): string;
}
