import { ApiError } from '@brainpod/model/errors';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { DatabaseTransaction, PodLimits } from './tables.ts';

export type LockedPod = {
  id: string;
  name: string;
  deployedRevisionId: string | null;
  isStopped: boolean;
  isDeleted: boolean;
  /** What it may ask for in all; null where nothing was set. */
  limits: PodLimits | null;
  head: { id: string; version: number; state: RevisionState; checksum: string | null };
};

/** A pod that is not deleted, as `lockAnyPod` locks it. NOT_FOUND (ApiError) for one that is. */
export async function lockPod(trx: DatabaseTransaction, podId: string): Promise<LockedPod> {
  const pod = await lockAnyPod(trx, podId);
  if (pod.isDeleted) throw noSuchPod();
  return pod;
}

/**
 * Reads a pod and keeps its row locked until the transaction ends. Whatever changes a pod's draft or its pointers
 * begins with this, so that writers of one pod go one after the other and none overwrites another's work.
 */
export async function lockAnyPod(trx: DatabaseTransaction, podId: string): Promise<LockedPod> {
  const pod = await trx
    .selectFrom('pod')
    .select(['id', 'name', 'head_revision_id', 'deployed_revision_id', 'stopped_at', 'deleted_at', 'limits'])
    .where('id', '=', podId)
    .forUpdate()
    .executeTakeFirst();
  if (pod === undefined) throw noSuchPod();
  // Read after the lock is held: whoever held it before may have changed it.
  const head = await trx
    .selectFrom('revision')
    .select(['id', 'version', 'state', 'checksum'])
    .where('id', '=', pod.head_revision_id)
    .executeTakeFirstOrThrow();
  return {
    id: pod.id,
    name: pod.name,
    deployedRevisionId: pod.deployed_revision_id,
    isStopped: pod.stopped_at !== null,
    isDeleted: pod.deleted_at !== null,
    limits: pod.limits,
    head,
  };
}

function noSuchPod(): ApiError {
  return new ApiError('NOT_FOUND', 'This pod does not exist any more.');
}

/** PRECONDITION_FAILED (ApiError) for a stopped pod: nothing of it can become healthy, so nothing can be deployed. */
export function assertRunning(pod: LockedPod): void {
  if (!pod.isStopped) return;
  throw new ApiError('PRECONDITION_FAILED', `Pod ${pod.name} is stopped. Start it first, then deploy.`);
}
