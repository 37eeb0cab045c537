import { ApiError } from '@brainpod/model/errors';
import type { PodRecord } from '@brainpod/store/pods';
import type { Revision } from '@brainpod/store/revisions';
import type { ClusterPort } from './cluster-port.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { ResourceScope } from './links.ts';
import { isUuid } from './parameters.ts';

/** The revision that a path names. NOT_FOUND (ApiError) when the pod has none of that id. */
export async function revisionOf(deps: ApiDependencies, pod: PodRecord, id: string): Promise<Revision> {
  const revision = isUuid(id) ? await deps.store.revisions.find(pod.id, id) : null;
  if (revision === null) throw new ApiError('NOT_FOUND', `Pod ${pod.name} has no such revision.`);
  return revision;
}

/**
 * The id of the revision that `revision` or `at` asks for; the head without them. An instant means what was live
 * then. NOT_FOUND (ApiError) when there is none, BAD_REQUEST when both are given.
 */
export async function revisionInScope(
  deps: ApiDependencies,
  pod: PodRecord,
  scope: ResourceScope,
): Promise<string> {
  const { revision, at } = scope;
  if (revision !== undefined && at !== undefined) {
    throw new ApiError('BAD_REQUEST', 'Give either revision or at, not both.');
  }
  if (revision !== undefined) return (await revisionOf(deps, pod, revision)).id;
  if (at === undefined) return pod.head.id;
  const active = await deps.store.revisions.activeAt(pod.id, new Date(at));
  if (active === null) throw new ApiError('NOT_FOUND', `Nothing of pod ${pod.name} was deployed at ${at}.`);
  return active.id;
}

/** The cluster of a pod. SERVICE_UNAVAILABLE (ApiError) while nothing is known of it. */
export function clusterOf(deps: ApiDependencies, pod: PodRecord): ClusterPort {
  const cluster = deps.clusterOf?.(pod) ?? null;
  if (cluster !== null) return cluster;
  throw new ApiError(
    'SERVICE_UNAVAILABLE',
    `The cluster of pod ${pod.name} is not known to this server yet. Try again in a moment.`,
  );
}
