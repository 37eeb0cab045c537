import { ApiError } from '@brainpod/model/errors';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { DatabaseTransaction } from './tables.ts';

export type LockedPod = {
  id: string;
  name: string;
  deployedRevisionId: string | null;
  head: { id: string; version: number; state: RevisionState; checksum: string | null };
};

/**
 * Reads a pod and keeps its row locked until the transaction ends. Whatever changes a pod's draft or its pointers
 * begins with this, so that writers of one pod go one after the other and none overwrites another's work.
 */
export async function lockPod(trx: DatabaseTransaction, podId: string): Promise<LockedPod> {
  const pod = await trx
    .selectFrom('pod')
    .select(['id', 'name', 'head_revision_id', 'deployed_revision_id'])
    .where('id', '=', podId)
    .forUpdate()
    .executeTakeFirst();
  if (pod === undefined) throw new ApiError('NOT_FOUND', 'This pod does not exist any more.');
  // Read after the lock is held: whoever held it before may have changed it.
  const head = await trx
    .selectFrom('revision')
    .select(['id', 'version', 'state', 'checksum'])
    .where('id', '=', pod.head_revision_id)
    .executeTakeFirstOrThrow();
  return { id: pod.id, name: pod.name, deployedRevisionId: pod.deployed_revision_id, head };
}
