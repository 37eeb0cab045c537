import type { Kind } from '@brainpod/model/document';
import { ApiError } from '@brainpod/model/errors';
import { formatUrn } from '@brainpod/model/urn';
import { type Selectable, sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { assertRunning, lockPod } from './locked-pod.ts';
import { refuseLocked } from './resource-locks.ts';
import { refuseWhileDeploying } from './stopped-pods.ts';
import type { Database, DatabaseTransaction, ResourceRestartTable } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** The last restart of a resource that somebody asked for. */
export type Restart = {
  kind: Kind;
  name: string;
  restartedAt: Date;
  /** Null while it goes on. */
  finishedAt: Date | null;
  /** Why the new instances did not get ready; those from before go on then. */
  error: string | null;
  /** Since when the instances that are wanted are wanted: this restart, or after a failed one that before it. */
  effectiveAt: Date | null;
};

/** Restarts of resources, of which each is kept until the next. */
export class Restarts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Asks for a restart of a resource that runs, which is locked until that is over. NOT_FOUND (ApiError) when nothing
   * of that name is deployed; PRECONDITION_FAILED when the pod is stopped, a deploy is on its way, or the resource is
   * being restarted already.
   */
  async start(podId: string, resource: { kind: Kind; name: string }, actor: Actor): Promise<Restart> {
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const { kind, name } = resource;
      if (!(await isDeployed(trx, pod.deployedRevisionId, resource))) {
        throw new ApiError('NOT_FOUND', `Pod ${pod.name} runs no ${kind} "${name}". Deploy it first.`);
      }
      assertRunning(pod);
      await refuseWhileDeploying(trx, podId);
      await refuseLocked(trx, pod, [resource]);
      const row = await trx
        .insertInto('resource_restart')
        .values({
          pod_id: podId,
          kind,
          name,
          restarted_at: sql<Date>`date_trunc('milliseconds', clock_timestamp())`,
        })
        .onConflict((conflict) =>
          conflict.columns(['pod_id', 'kind', 'name']).doUpdateSet((values) => ({
            restarted_at: values.ref('excluded.restarted_at'),
            effective_before: sql<Date | null>`case when resource_restart.error is null
              then resource_restart.restarted_at else resource_restart.effective_before end`,
            finished_at: null,
            error: null,
          })),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: formatUrn(kind, name) });
      return toRestart(row);
    });
  }

  /** The last restart of a resource; null when there was none. */
  async find(podId: string, resource: { kind: Kind; name: string }): Promise<Restart | null> {
    const row = await this.#db
      .selectFrom('resource_restart')
      .selectAll()
      .where('pod_id', '=', podId)
      .where('kind', '=', resource.kind)
      .where('name', '=', resource.name)
      .executeTakeFirst();
    return row === undefined ? null : toRestart(row);
  }
}

/** The last restart of each resource of a pod that ever had one. */
export async function loadRestarts(db: Database, podId: string): Promise<Restart[]> {
  const rows = await db
    .selectFrom('resource_restart')
    .selectAll()
    .where('pod_id', '=', podId)
    .orderBy('kind')
    .orderBy('name')
    .execute();
  return rows.map(toRestart);
}

/** Ends a restart, unless it is over or another one has begun; `error` where it failed. */
export async function finishRestart(
  db: Database,
  podId: string,
  restart: Pick<Restart, 'kind' | 'name' | 'restartedAt'>,
  error: string | null,
): Promise<void> {
  await db
    .updateTable('resource_restart')
    .set({ finished_at: sql<Date>`clock_timestamp()`, error })
    .where('pod_id', '=', podId)
    .where('kind', '=', restart.kind)
    .where('name', '=', restart.name)
    .where('restarted_at', '=', restart.restartedAt)
    .where('finished_at', 'is', null)
    .execute();
}

function toRestart(row: Selectable<ResourceRestartTable>): Restart {
  return {
    kind: row.kind,
    name: row.name,
    restartedAt: row.restarted_at,
    finishedAt: row.finished_at,
    error: row.error,
    effectiveAt: row.error === null ? row.restarted_at : row.effective_before,
  };
}

async function isDeployed(
  trx: DatabaseTransaction,
  revisionId: string | null,
  { kind, name }: { kind: Kind; name: string },
): Promise<boolean> {
  if (revisionId === null) return false;
  const row = await trx
    .selectFrom('revision_resource')
    .select('uid')
    .where('revision_id', '=', revisionId)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst();
  return row !== undefined;
}
