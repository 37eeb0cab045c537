import { randomUUID } from 'node:crypto';
import { ApiError } from '@brainpod/model/errors';
import { type Actor, recordAudit } from './audit.ts';
import { copyEntries } from './documents.ts';
import { releaseUnusedDomains } from './domain-claims.ts';
import { type LockedPod, lockPod } from './locked-pod.ts';
import type { DatabaseTransaction } from './tables.ts';
import { startNextDeploy, transition } from './transition.ts';

/**
 * Cancels a revision of a pod. One on its way stops at once, and the reconciler goes back to what is deployed; a
 * draft is set aside, and a new one takes its place that holds what is live, or about to be.
 */
export async function cancel(
  trx: DatabaseTransaction,
  podId: string,
  { revisionId, actor }: { revisionId: string; actor: Actor },
): Promise<void> {
  const pod = await lockPod(trx, podId);
  const revision = await trx
    .selectFrom('revision')
    .select(['id', 'version', 'state'])
    .where('id', '=', revisionId)
    .where('pod_id', '=', podId)
    .executeTakeFirst();
  if (revision === undefined) throw new ApiError('NOT_FOUND', `Pod ${pod.name} has no such revision.`);
  if (!(await transition(trx, revisionId, 'canceled'))) {
    throw new ApiError(
      'PRECONDITION_FAILED',
      `Version ${revision.version} is ${revision.state}. Only a draft, or a revision that is on its way (pending or ready), can be canceled.`,
    );
  }
  if (revision.state === 'draft') await beginAnew(trx, pod);
  await startNextDeploy(trx, podId);
  await releaseUnusedDomains(trx, podId);
  await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, revisionId });
}

/** A draft on what was asked for last: else deploying the new draft would take back what is on its way. */
async function beginAnew(trx: DatabaseTransaction, pod: LockedPod): Promise<void> {
  const onItsWay = await trx
    .selectFrom('revision')
    .select('id')
    .where('pod_id', '=', pod.id)
    .where('state', 'in', ['pending', 'ready'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const baseId = onItsWay?.id ?? pod.deployedRevisionId;
  const id = randomUUID();
  await trx
    .insertInto('revision')
    .values({ id, pod_id: pod.id, parent_id: baseId, version: pod.head.version + 1, state: 'draft' })
    .execute();
  if (baseId !== null) await copyEntries(trx, { from: baseId, to: id });
  await trx.updateTable('pod').set({ head_revision_id: id }).where('id', '=', pod.id).execute();
}
