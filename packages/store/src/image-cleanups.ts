import type { CleanupPolicy } from '@brainpod/model/image-cleanup';
import { type Actor, recordAudit } from './audit.ts';
import { lockPod } from './locked-pod.ts';
import type { Database, ImageDigests } from './tables.ts';
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
    return pod?.image_cleanup ?? null;
  }

  async setPolicy(podId: string, policy: CleanupPolicy, actor: Actor): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const { id, name } = await lockPod(trx, podId);
      await trx
        .updateTable('pod')
        .set({ image_cleanup: JSON.stringify(policy) })
        .where('id', '=', podId)
        .execute();
      await recordAudit(trx, actor, { pod: { id, name } });
    });
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
  async recordDeletion(podId: string, target: string | null, actor: Actor): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const { id, name } = await lockPod(trx, podId);
      await recordAudit(trx, actor, { pod: { id, name }, ...(target === null ? {} : { target }) });
    });
  }
}
