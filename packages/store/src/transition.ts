import { type RevisionState, TRANSITIONS } from '@brainpod/model/revision-state';
import { sql, type UpdateObject } from 'kysely';
import type { DatabaseTransaction, Tables } from './tables.ts';

export type RevisionChanges = Pick<
  UpdateObject<Tables, 'revision'>,
  'summary' | 'error' | 'checksum' | 'deploy_started_at' | 'deployed_at'
>;

/**
 * Moves a revision to a state, if its present state allows that; PostgreSQL decides, in the statement that writes.
 * False when it does not.
 */
export async function transition(
  trx: DatabaseTransaction,
  revisionId: string,
  to: RevisionState,
  changes: RevisionChanges = {},
): Promise<boolean> {
  const allowed = TRANSITIONS.filter((candidate) => candidate.to === to).map((candidate) => candidate.from);
  const moved = await trx
    .updateTable('revision')
    .set({ ...changes, state: to })
    .where('id', '=', revisionId)
    .where('state', 'in', allowed)
    .returning('id')
    .executeTakeFirst();
  return moved !== undefined;
}

/** Starts the clock of the revision whose turn it is: the pod's oldest that is on its way. */
export async function startNextDeploy(trx: DatabaseTransaction, podId: string): Promise<void> {
  const next = await trx
    .selectFrom('revision')
    .select(['id', 'deploy_started_at'])
    .where('pod_id', '=', podId)
    .where('state', 'in', ['pending', 'ready'])
    .orderBy('version')
    .limit(1)
    .executeTakeFirst();
  if (next === undefined || next.deploy_started_at !== null) return;
  await trx
    .updateTable('revision')
    .set({ deploy_started_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', next.id)
    .execute();
}
