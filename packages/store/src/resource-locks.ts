import type { Kind } from '@brainpod/model/document';
import { ApiError } from '@brainpod/model/errors';
import type { LockedPod } from './locked-pod.ts';
import type { DatabaseTransaction } from './tables.ts';

/** PRECONDITION_FAILED (ApiError) while one of these resources is being restarted. */
export async function refuseLocked(
  trx: DatabaseTransaction,
  pod: LockedPod,
  resources: readonly { kind: Kind; name: string }[],
): Promise<void> {
  const restarts = await trx
    .selectFrom('resource_restart')
    .select(['kind', 'name'])
    .where('pod_id', '=', pod.id)
    .where('finished_at', 'is', null)
    .execute();
  const locked = restarts.filter((restart) =>
    resources.some(({ kind, name }) => kind === restart.kind && name === restart.name),
  );
  if (locked.length === 0) return;
  const names = locked.map(({ kind, name }) => `${kind} "${name}"`).join(', ');
  throw new ApiError(
    'PRECONDITION_FAILED',
    `${names} is locked while it is being restarted. Try again when that is over.`,
  );
}
