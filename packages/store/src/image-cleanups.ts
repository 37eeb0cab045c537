import { type CleanupPolicy, DEFAULT_CLEANUP } from '@brainpod/model/image-cleanup';
import { sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { lockPod } from './locked-pod.ts';
import type { Database, ImageDigests, LastCleanup } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** A revision whose images are kept. */
export type KeepingRevision = {
  id: string;
  version: number;
  state: 'draft' | 'pending' | 'ready' | 'deployed';
  imageDigests: ImageDigests;
  /** Whether it is what runs, or is on its way to. */
  isLive: boolean;
};

/** When a pod's images are cleaned up by themselves; null: not at all. `last` is what the last time did. */
export type CleanupSchedule = { dueAt: Date | null; last: LastCleanup | null };

const DAY = sql<Date>`now() + interval '1 day'`;
const MOST_DUE = 100;

/** Which images pods keep, and who had some deleted. */
export class ImageCleanups {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** What a pod has set; null where it has set nothing. */
  async policy(podId: string): Promise<CleanupPolicy | null> {
    const pod = await this.#db
      .selectFrom('pod')
      .select('image_cleanup')
      .where('id', '=', podId)
      .executeTakeFirst();
    // What was set before there was a part of it counts as the default there.
    return pod?.image_cleanup == null ? null : { ...DEFAULT_CLEANUP, ...pod.image_cleanup };
  }

  async setPolicy(podId: string, policy: CleanupPolicy, actor: Actor): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const { id, name } = await lockPod(trx, podId);
      await trx
        .updateTable('pod')
        .set({ image_cleanup: JSON.stringify(policy) })
        .where('id', '=', podId)
        .execute();
      // A day later: until then it can be seen what it will do.
      await trx
        .insertInto('image_cleanup_round')
        .values({ pod_id: podId, due_at: policy.daily ? DAY : null, last: null })
        .onConflict((row) =>
          row.column('pod_id').doUpdateSet({
            due_at: policy.daily ? sql`coalesce(image_cleanup_round.due_at, ${DAY})` : null,
          }),
        )
        .execute();
      await recordAudit(trx, actor, { pod: { id, name } });
    });
  }

  async schedule(podId: string): Promise<CleanupSchedule> {
    const row = await this.#db
      .selectFrom('image_cleanup_round')
      .select(['due_at as dueAt', 'last'])
      .where('pod_id', '=', podId)
      .executeTakeFirst();
    return row ?? { dueAt: null, last: null };
  }

  /** Pods whose images are to be cleaned up now, the one first that waits longest. */
  async due(): Promise<{ id: string; name: string; accountId: string }[]> {
    return await this.#db
      .selectFrom('image_cleanup_round')
      .innerJoin('pod', 'pod.id', 'image_cleanup_round.pod_id')
      .select(['pod.id', 'pod.name', 'pod.account_id as accountId'])
      .where('due_at', '<=', sql<Date>`now()`)
      .where('pod.deleted_at', 'is', null)
      .orderBy('due_at')
      .limit(MOST_DUE)
      .execute();
  }

  /** Keeps what was done, and has it done again after so many hours, unless it was turned off meanwhile. */
  async settle(podId: string, last: LastCleanup, { nextInHours }: { nextInHours: number }): Promise<void> {
    await this.#db
      .updateTable('image_cleanup_round')
      .set({
        last: JSON.stringify(last),
        due_at: sql`case when due_at is not null then now() + ${nextInHours} * interval '1 hour' end`,
      })
      .where('pod_id', '=', podId)
      .execute();
  }

  /** The last so many that were deployed, what runs, and what may come to run: the draft and what is on its way. */
  async keeping(podId: string, deployed: number): Promise<KeepingRevision[]> {
    const pod = await this.#db
      .selectFrom('pod')
      .select(['deployed_revision_id', 'head_revision_id'])
      .where('id', '=', podId)
      .executeTakeFirstOrThrow();
    const revisions = this.#db
      .selectFrom('revision')
      .select(['id', 'version', 'state', 'image_digests as imageDigests'])
      .where('pod_id', '=', podId)
      .orderBy('version', 'desc');
    const last = revisions.where('state', '=', 'deployed').limit(deployed);
    const coming = revisions.where((where) =>
      where.or([
        where('state', 'in', ['draft', 'pending', 'ready']),
        where('id', '=', pod.deployed_revision_id ?? pod.head_revision_id),
      ]),
    );
    const rows = [...(await coming.execute()), ...(await last.execute())];
    return [...new Map(rows.map((row) => [row.id, row])).values()].flatMap(({ state, ...row }) => {
      if (state === 'failed' || state === 'canceled') return [];
      const isLive = state === 'pending' || state === 'ready' || row.id === pod.deployed_revision_id;
      return [{ ...row, state, isLive }];
    });
  }

  /** Notes who had images of a pod deleted. `target` is the one that was named, if one was. */
  async recordDeletion(
    podId: string,
    target: string | null,
    actor: Actor,
    accountId: string | null = actor.accountId,
  ): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const { id, name } = await lockPod(trx, podId);
      const facts = { pod: { id, name }, ...(accountId === null ? {} : { accountId }) };
      await recordAudit(trx, actor, { ...facts, ...(target === null ? {} : { target }) });
    });
  }
}
