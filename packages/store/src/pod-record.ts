import type { RevisionState } from '@brainpod/model/revision-state';
import type { PodLimits } from './tables.ts';

export type RevisionSummary = {
  id: string;
  parentId: string | null;
  version: number;
  state: RevisionState;
  summary: string | null;
  error: string | null;
  createdAt: Date;
};

export type PodRecord = {
  id: string;
  name: string;
  displayName: string | null;
  ownerId: string;
  clusterId: string;
  createdAt: Date;
  /** Stopped: no instance of it is to run, and nothing can be deployed. */
  isStopped: boolean;
  stoppedAt: Date | null;
  deletedAt: Date | null;
  /** When nothing of a deleted pod is kept any longer. */
  eraseAfter: Date | null;
  /** What it may take in all; null where the operator has set nothing. */
  limits: PodLimits | null;
  head: RevisionSummary;
  deployed: RevisionSummary | null;
};

/** What a record is made of, of the tables `pod`, `revision as head` and `revision as deployed`. */
export const POD_COLUMNS = [
  'pod.id as podId',
  'pod.name as podName',
  'pod.display_name as displayName',
  'pod.owner_id as ownerId',
  'pod.cluster_id as clusterId',
  'pod.created_at as podCreatedAt',
  'pod.stopped_at as stoppedAt',
  'pod.deleted_at as deletedAt',
  'pod.erase_after as eraseAfter',
  'pod.limits',
  'head.id as headId',
  'head.parent_id as headParentId',
  'head.version as headVersion',
  'head.state as headState',
  'head.summary as headSummary',
  'head.error as headError',
  'head.created_at as headCreatedAt',
  'deployed.id as deployedId',
  'deployed.parent_id as deployedParentId',
  'deployed.version as deployedVersion',
  'deployed.state as deployedState',
  'deployed.summary as deployedSummary',
  'deployed.error as deployedError',
  'deployed.created_at as deployedCreatedAt',
] as const;

/** A row of those columns; all null where there is no pod. */
export type PodRow = {
  podId: string | null;
  podName: string | null;
  displayName: string | null;
  ownerId: string | null;
  clusterId: string | null;
  podCreatedAt: Date | null;
  stoppedAt: Date | null;
  deletedAt: Date | null;
  eraseAfter: Date | null;
  limits: PodLimits | null;
  headId: string | null;
  headParentId: string | null;
  headVersion: number | null;
  headState: RevisionState | null;
  headSummary: string | null;
  headError: string | null;
  headCreatedAt: Date | null;
  deployedId: string | null;
  deployedParentId: string | null;
  deployedVersion: number | null;
  deployedState: RevisionState | null;
  deployedSummary: string | null;
  deployedError: string | null;
  deployedCreatedAt: Date | null;
};

export function podOf(row: PodRow): PodRecord | null {
  const { podId: id, podName: name, ownerId, clusterId, podCreatedAt: createdAt } = row;
  const head = revisionOf({
    id: row.headId,
    parentId: row.headParentId,
    version: row.headVersion,
    state: row.headState,
    summary: row.headSummary,
    error: row.headError,
    createdAt: row.headCreatedAt,
  });
  if (id === null || name === null || ownerId === null || clusterId === null || createdAt === null)
    return null;
  if (head === null) return null;
  const { displayName, stoppedAt, deletedAt, eraseAfter, limits } = row;
  const deployed = revisionOf({
    id: row.deployedId,
    parentId: row.deployedParentId,
    version: row.deployedVersion,
    state: row.deployedState,
    summary: row.deployedSummary,
    error: row.deployedError,
    createdAt: row.deployedCreatedAt,
  });
  const life = { isStopped: stoppedAt !== null, stoppedAt, deletedAt, eraseAfter };
  return { id, name, displayName, ownerId, clusterId, createdAt, ...life, limits, head, deployed };
}

function revisionOf(
  row: { [K in keyof RevisionSummary]: RevisionSummary[K] | null },
): RevisionSummary | null {
  const { id, version, state, createdAt, parentId, summary, error } = row;
  if (id === null || version === null || state === null || createdAt === null) return null;
  return { id, parentId, version, state, summary, error, createdAt };
}
