import { randomInt, randomUUID } from 'node:crypto';
import { ApiError } from '@brainpod/model/errors';
import { podName } from '@brainpod/model/pod-name';
import { sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { removePod, restorePod } from './deleted-pods.ts';
import { lockPod } from './locked-pod.ts';
import { POD_COLUMNS, type PodRecord, podOf } from './pod-record.ts';
import { setPodStopped } from './stopped-pods.ts';
import type { Database, DatabaseTransaction, PodLimits } from './tables.ts';
import { inTransaction } from './transaction.ts';

export type { PodRecord, RevisionSummary } from './pod-record.ts';

export type NewPod = {
  accountId: string;
  ownerId: string;
  clusterId: string;
  displayName: string | null;
  actor: Actor;
};

const NAME_ATTEMPTS = 20;
const RANDOM_LIMIT = 2 ** 31;

/** Pods: a person's workspaces. */
export class Pods {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Makes a pod under a name of our choice, with an empty draft as its head. */
  async create(pod: NewPod): Promise<PodRecord> {
    const id = randomUUID();
    await inTransaction(this.#db, async (trx) => {
      await holdCluster(trx, pod.clusterId);
      const headId = randomUUID();
      const name = await insertUnderFreeName(trx, { ...pod, id, headId });
      await trx
        .insertInto('revision')
        .values({ id: headId, pod_id: id, version: 1, state: 'draft' })
        .execute();
      await recordAudit(trx, pod.actor, { pod: { id, name }, revisionId: headId });
    });
    return this.#read(id);
  }

  /** All pods of an account that are not deleted, by name. */
  list(accountId: string): Promise<PodRecord[]> {
    return selectPods(this.#db, (query) =>
      query.where('account_id', '=', accountId).where('deleted_at', 'is', null).orderBy('name'),
    );
  }

  /** A pod of an account that is not deleted. */
  async find(accountId: string, name: string): Promise<PodRecord | null> {
    const [found] = await selectPods(this.#db, (query) =>
      query.where('account_id', '=', accountId).where('name', '=', name).where('deleted_at', 'is', null),
    );
    return found ?? null;
  }

  /** A pod of any account that is not deleted, for the operator. */
  async findAnywhere(name: string): Promise<PodRecord | null> {
    const [found] = await selectPods(this.#db, (query) =>
      query.where('name', '=', name).where('deleted_at', 'is', null),
    );
    return found ?? null;
  }

  /** Those of the ids that are no pod's: it was erased. */
  async erased(podIds: readonly string[]): Promise<string[]> {
    if (podIds.length === 0) return [];
    const rows = await this.#db
      .selectFrom('pod')
      .select('id')
      .where('id', 'in', [...podIds])
      .execute();
    const present = new Set(rows.map(({ id }) => id));
    return podIds.filter((id) => !present.has(id));
  }

  /** The deleted pods of an account that can still be restored, by name. */
  listDeleted(accountId: string): Promise<PodRecord[]> {
    return selectPods(this.#db, (query) =>
      query.where('account_id', '=', accountId).where('erase_after', '>', sql<Date>`now()`).orderBy('name'),
    );
  }

  /** A deleted pod of an account that can still be restored. */
  async findDeleted(accountId: string, name: string): Promise<PodRecord | null> {
    const pods = await this.listDeleted(accountId);
    return pods.find((pod) => pod.name === name) ?? null;
  }

  /** Sets the name for people; null for none. */
  async rename(podId: string, displayName: string | null, actor: Actor): Promise<PodRecord> {
    return this.#change(podId, actor, { display_name: displayName });
  }

  /** Sets what a pod may take in all. What runs already goes on, whatever the limits. */
  async setLimits(podId: string, limits: PodLimits, actor: Actor): Promise<PodRecord> {
    return this.#change(podId, actor, { limits: JSON.stringify(limits) });
  }

  /** Lets no instance of the pod run any longer. PRECONDITION_FAILED (ApiError) while a deploy is on its way. */
  async stop(podId: string, actor: Actor): Promise<PodRecord> {
    await inTransaction(this.#db, (trx) => setPodStopped(trx, podId, { isStopped: true, actor }));
    return this.#read(podId);
  }

  /** Lets the pod run again. */
  async start(podId: string, actor: Actor): Promise<PodRecord> {
    await inTransaction(this.#db, (trx) => setPodStopped(trx, podId, { isStopped: false, actor }));
    return this.#read(podId);
  }

  /** Deletes a pod: nothing of it runs any longer, and a deploy on its way is canceled. It can be restored for 7 days. */
  async remove(podId: string, actor: Actor): Promise<PodRecord> {
    await inTransaction(this.#db, (trx) => removePod(trx, podId, actor));
    return this.#read(podId);
  }

  /** Brings a deleted pod back as it was. NOT_FOUND (ApiError) when its time is over. */
  async restore(podId: string, actor: Actor): Promise<PodRecord> {
    await inTransaction(this.#db, (trx) => restorePod(trx, podId, actor));
    return this.#read(podId);
  }

  async #change(
    podId: string,
    actor: Actor,
    values: { display_name: string | null } | { limits: string },
  ): Promise<PodRecord> {
    await inTransaction(this.#db, async (trx) => {
      const { id, name } = await lockPod(trx, podId);
      await trx.updateTable('pod').set(values).where('id', '=', podId).execute();
      await recordAudit(trx, actor, { pod: { id, name } });
    });
    return this.#read(podId);
  }

  async #read(podId: string): Promise<PodRecord> {
    const [pod] = await selectPods(this.#db, (query) => query.where('pod.id', '=', podId));
    if (pod === undefined) throw new Error(`pod ${podId}, which was just written, is not there`);
    return pod;
  }
}

/** Keeps a cluster from being removed until the transaction ends. VALIDATION_ERROR (ApiError) when it was already. */
async function holdCluster(trx: DatabaseTransaction, clusterId: string): Promise<void> {
  const held = await trx
    .selectFrom('cluster')
    .select('id')
    .where('id', '=', clusterId)
    .forKeyShare()
    .executeTakeFirst();
  if (held !== undefined) return;
  const message = 'This cluster has just been removed. Choose another one.';
  throw new ApiError('VALIDATION_ERROR', message, { details: [{ path: 'cluster', message }] });
}

async function insertUnderFreeName(
  db: DatabaseTransaction,
  pod: NewPod & { id: string; headId: string },
): Promise<string> {
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    // The plain name first; a number only where that is taken.
    const suffix = attempt === 0 ? undefined : randomInt(RANDOM_LIMIT);
    const inserted = await db
      .insertInto('pod')
      .values({
        id: pod.id,
        account_id: pod.accountId,
        owner_id: pod.ownerId,
        cluster_id: pod.clusterId,
        name: podName(randomInt(RANDOM_LIMIT), randomInt(RANDOM_LIMIT), suffix),
        display_name: pod.displayName,
        head_revision_id: pod.headId,
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('name')
      .executeTakeFirst();
    if (inserted === undefined) continue;
    // Asked after the row was written: only then is it sure that nobody is just erasing a pod of that name.
    if (!(await isRetired(db, inserted.name))) return inserted.name;
    await db.deleteFrom('pod').where('id', '=', pod.id).execute();
  }
  throw new Error(`found no free pod name in ${NAME_ATTEMPTS} attempts`);
}

/** Whether a pod that was erased had this name: policies and addresses out there may still say it. */
async function isRetired(db: DatabaseTransaction, name: string): Promise<boolean> {
  const row = await db
    .selectFrom('retired_pod_name')
    .select('name')
    .where('name', '=', name)
    .executeTakeFirst();
  return row !== undefined;
}

type PodQuery = ReturnType<typeof podQuery>;

function podQuery(db: Database) {
  return db
    .selectFrom('pod')
    .innerJoin('revision as head', 'head.id', 'pod.head_revision_id')
    .leftJoin('revision as deployed', 'deployed.id', 'pod.deployed_revision_id')
    .select(POD_COLUMNS);
}

async function selectPods(db: Database, narrow: (query: PodQuery) => PodQuery): Promise<PodRecord[]> {
  const rows = await narrow(podQuery(db)).execute();
  return rows.flatMap((row) => podOf(row) ?? []);
}
