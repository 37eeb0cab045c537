import type { Fault } from '@brainpod/model/document';
import { ApiError } from '@brainpod/model/errors';
import type { ClusterAccessRecord } from '@brainpod/store/clusters';
import type { ClusterCandidate, ClusterRegistrar } from './cluster-registrar.ts';
import type { ApiDependencies } from './dependencies.ts';
import { validationError } from './input.ts';

/** SERVICE_UNAVAILABLE (ApiError) on a server that takes no clusters in. */
export function registrarOf({ clusterRegistrar }: ApiDependencies): ClusterRegistrar {
  if (clusterRegistrar !== undefined) return clusterRegistrar;
  throw new ApiError('SERVICE_UNAVAILABLE', 'This server takes no clusters in.');
}

/** Asks a cluster whether it can be used: VALIDATION_ERROR (ApiError) with all that it lacks, else the warnings. */
export async function checkCandidate(deps: ApiDependencies, candidate: ClusterCandidate): Promise<Fault[]> {
  const { faults, warnings } = await registrarOf(deps).check(candidate);
  if (faults.length > 0) throw validationError(faults, 'This cluster cannot be used as it is.');
  return warnings;
}

/** The cluster that a path names. NOT_FOUND (ApiError) when there is none. */
export async function clusterOfPath(deps: ApiDependencies, id: string): Promise<ClusterAccessRecord> {
  const clusters = await deps.store.clusters.listAccess();
  const found = clusters.find((cluster) => cluster.id === id.toLowerCase());
  if (found === undefined) throw new ApiError('NOT_FOUND', 'There is no such cluster.');
  return found;
}
