import { ApiError } from '@brainpod/model/errors';
import { sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { lockPod } from './locked-pod.ts';
import type { DatabaseTransaction } from './tables.ts';

/** Stops or starts a pod; one that is so already stays so. */
export async function setPodStopped(
  trx: DatabaseTransaction,
  podId: string,
  { isStopped, actor }: { isStopped: boolean; actor: Actor },
): Promise<void> {
  const pod = await lockPod(trx, podId);
  if (isStopped) await refuseWhileDeploying(trx, podId);
  if (isStopped !== pod.isStopped) {
    await trx
      .updateTable('pod')
      .set({ stopped_at: isStopped ? sql<Date>`clock_timestamp()` : null })
      .where('id', '=', podId)
      .execute();
  }
  await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name } });
}

/** PRECONDITION_FAILED (ApiError) while a revision of the pod is on its way. */
export async function refuseWhileDeploying(trx: DatabaseTransaction, podId: string): Promise<void> {
  const onItsWay = await trx
    .selectFrom('revision')
    .select('version')
    .where('pod_id', '=', podId)
    .where('state', 'in', ['pending', 'ready'])
    .orderBy('version')
    .executeTakeFirst();
  if (onItsWay === undefined) return;
  throw new ApiError(
    'PRECONDITION_FAILED',
    `Version ${onItsWay.version} is on its way. Wait until it is deployed, or cancel it, then try again.`,
  );
}
