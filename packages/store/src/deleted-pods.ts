import { ApiError } from '@brainpod/model/errors';
import { sql } from 'kysely';
import { type Actor, platformActor, recordAudit } from './audit.ts';
import { releaseUnusedDomains } from './domain-claims.ts';
import { lockAnyPod, lockPod } from './locked-pod.ts';
import type { DatabaseTransaction } from './tables.ts';
import { transition } from './transition.ts';

const KEPT_FOR = sql`interval '7 days'`;

/** Deletes a pod, in a way that can be undone for a while. What is on its way is canceled. */
export async function removePod(trx: DatabaseTransaction, podId: string, actor: Actor): Promise<void> {
  const pod = await lockPod(trx, podId);
  const onTheirWay = await trx
    .selectFrom('revision')
    .select('id')
    .where('pod_id', '=', podId)
    .where('state', 'in', ['pending', 'ready'])
    .execute();
  for (const { id } of onTheirWay) await transition(trx, id, 'canceled');
  await trx
    .updateTable('resource_restart')
    .set({ finished_at: sql<Date>`now()` })
    .where('pod_id', '=', podId)
    .where('finished_at', 'is', null)
    .execute();
  await releaseUnusedDomains(trx, podId);
  await trx
    .updateTable('pod')
    .set({ deleted_at: sql<Date>`now()`, erase_after: sql<Date>`now() + ${KEPT_FOR}` })
    .where('id', '=', podId)
    .execute();
  await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name } });
}

/** Brings a deleted pod back: its draft, its history, its addresses, and what was deployed is deployed again. */
export async function restorePod(trx: DatabaseTransaction, podId: string, actor: Actor): Promise<void> {
  const pod = await lockAnyPod(trx, podId);
  const restored = await trx
    .updateTable('pod')
    .set({ deleted_at: null, erase_after: null })
    .where('id', '=', podId)
    // Where its time is over it may be half gone already.
    .where('erase_after', '>', sql<Date>`now()`)
    .returning('id')
    .executeTakeFirst();
  if (restored === undefined) {
    throw new ApiError(
      'NOT_FOUND',
      `Pod ${pod.name} cannot be restored: it is not deleted, or its time is over.`,
    );
  }
  await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name } });
}

/**
 * Erases all that is kept of a deleted pod whose time was over at `now`: its revisions, documents that nobody else has,
 * claims, statuses and itself. Its name is never given again, and what the audit log says of it stays. False when it
 * is not to be erased: it was restored, or is gone already.
 */
export async function erasePod(trx: DatabaseTransaction, podId: string, now: Date): Promise<boolean> {
  // First of all, so that nobody who writes documents waits for us while we wait for them. Until the end of this
  // transaction nobody begins to use a document that is about to go.
  // Whoever writes meanwhile waits behind us: rather than let a slow transaction hold all of them up, this is given up,
  // and done again later.
  await sql`set local lock_timeout = '2s'`.execute(trx);
  await sql`lock table document in share row exclusive mode`.execute(trx);
  const pod = await trx
    .selectFrom('pod')
    .select(['id', 'name', 'account_id', 'erase_after'])
    .where('id', '=', podId)
    .forUpdate()
    .executeTakeFirst();
  if (pod === undefined || pod.erase_after === null || pod.erase_after > now) return false;
  const revisions = trx.selectFrom('revision').select('id').where('pod_id', '=', podId);
  const documents = await trx
    .selectFrom('revision_resource')
    .select('document_hash')
    .distinct()
    .where('revision_id', 'in', revisions)
    .execute();
  await trx.deleteFrom('resource_status').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('resource_restart').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('hostname_claim').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('domain').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('pull_key_holder').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('registry_credential').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('revision_resource').where('revision_id', 'in', revisions).execute();
  await trx.updateTable('pod').set({ deployed_revision_id: null }).where('id', '=', podId).execute();
  await trx.deleteFrom('revision').where('pod_id', '=', podId).execute();
  await trx.deleteFrom('pod').where('id', '=', podId).execute();
  await deleteUnused(
    trx,
    documents.map((row) => row.document_hash),
  );
  await trx.insertInto('retired_pod_name').values({ name: pod.name }).execute();
  await recordAudit(trx, platformActor('erasePod'), {
    accountId: pod.account_id,
    pod: { id: pod.id, name: pod.name },
  });
  return true;
}

async function deleteUnused(trx: DatabaseTransaction, hashes: Buffer[]): Promise<void> {
  if (hashes.length === 0) return;
  await sql`delete from document
    where hash = any(${hashes}::bytea[])
      and not exists (select from revision_resource where document_hash = document.hash)`.execute(trx);
}
