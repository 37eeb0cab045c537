import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { type Actor, platformActor, recordAudit } from './audit.ts';
import type { Database, DatabaseTransaction, PullKeyTable } from './tables.ts';
import { inTransaction } from './transaction.ts';

/**
 * Of what nodes' passwords are made, together with the master key: without that nobody can make any. Never shown, all the
 * same.
 */
export type PullKey = {
  /** Later ones are larger. */
  id: number;
  salt: Buffer;
  madeAt: Date;
  /** Until when it is accepted; null while a namespace may hold it, and for the newest. */
  refusedAfter: Date | null;
};

/** A key, and how many pods' namespaces may hold nothing newer. */
export type PullKeyUse = Omit<PullKey, 'salt'> & { pods: number };

export type RotationTimes = {
  /** The age at which a key is replaced. */
  maxAgeMs: number;
  /** How long a pull may take that began with a key that no namespace holds any more. */
  graceMs: number;
};

const SALT_BYTES = 32;

/** The keys of which nodes' passwords are made. There is always one. */
export class PullKeys {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Those that are accepted, the newest last. */
  async list(): Promise<PullKey[]> {
    const rows = await this.#db.selectFrom('pull_key').selectAll().orderBy('id').execute();
    return rows.map(toPullKey);
  }

  /** The same with who holds them. */
  async uses(): Promise<PullKeyUse[]> {
    const rows = await this.#db
      .selectFrom('pull_key')
      .leftJoin('pull_key_holder', 'pull_key_holder.key_id', 'pull_key.id')
      .select(['pull_key.id', 'made_at', 'refused_after'])
      .select(({ fn }) => fn.count<string>('pod_id').as('pods'))
      .groupBy('pull_key.id')
      .orderBy('pull_key.id')
      .execute();
    return rows.map((row) => ({
      id: Number(row.id),
      madeAt: row.made_at,
      refusedAfter: row.refused_after,
      pods: Number(row.pods),
    }));
  }

  /** Makes a new key: namespaces are given it from now on, and the others are accepted until none holds them. */
  rotate(actor: Actor, now = new Date()): Promise<PullKeyUse> {
    return inTransaction(this.#db, (trx) => makeKey(trx, actor, now));
  }

  /**
   * Does what is due: replaces a key that is too old, begins to let go those that no namespace holds, and forgets those
   * that are refused. Several servers may do so at once. Tells whether anything was.
   */
  async keep(now: Date, { maxAgeMs, graceMs }: RotationTimes): Promise<boolean> {
    const keys = await this.list();
    const newest = keys.at(-1);
    const isTooOld = (key: PullKey | undefined): boolean =>
      key === undefined || key.madeAt.getTime() + maxAgeMs <= now.getTime();
    if (keys.length === 1 && !isTooOld(newest)) return false;
    return inTransaction(this.#db, async (trx) => {
      // Nobody begins to hold a key while it is seen whether anybody does, and no two servers make one.
      await sql`lock table pull_key in exclusive mode`.execute(trx);
      const forgotten = await trx
        .deleteFrom('pull_key')
        .where('refused_after', '<=', now)
        .returning('id')
        .execute();
      const last = (await trx.selectFrom('pull_key').selectAll().orderBy('id').execute())
        .map(toPullKey)
        .at(-1);
      const wasTooOld = isTooOld(last);
      if (wasTooOld) await makeKey(trx, platformActor('rotatePullKey'), now);
      const { rows: leaving } = await sql`update pull_key
        set refused_after = ${new Date(now.getTime() + graceMs)}::timestamptz
        where refused_after is null
          and id < (select max(id) from pull_key)
          and not exists (select from pull_key_holder where key_id <= pull_key.id)
        returning id`.execute(trx);
      return wasTooOld || forgotten.length + leaving.length > 0;
    });
  }
}

/** The newest key and the oldest one that a pod's namespace may hold, within what else is read at that moment. */
export async function loadPullKey(
  db: Database,
  podId: string,
): Promise<{ newest: PullKey; heldId: number | null }> {
  const row = await db
    .selectFrom('pull_key')
    .selectAll()
    .select(({ selectFrom }) =>
      selectFrom('pull_key_holder').select('key_id').where('pod_id', '=', podId).as('held_id'),
    )
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  return { newest: toPullKey(row), heldId: row.held_id === null ? null : Number(row.held_id) };
}

/**
 * Notes that a pod's namespace may hold this key and none that is older. False, and nothing is noted, when the key is
 * about to be refused.
 */
export async function holdPullKey(db: Database, podId: string, keyId: number): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const key = await trx
      .selectFrom('pull_key')
      .select('id')
      .where('id', '=', String(keyId))
      .where('refused_after', 'is', null)
      .forShare()
      .executeTakeFirst();
    if (key === undefined) return false;
    await trx
      .insertInto('pull_key_holder')
      .values({ pod_id: podId, key_id: key.id })
      .onConflict((conflict) => conflict.column('pod_id').doUpdateSet({ key_id: key.id }))
      .execute();
    return true;
  });
}

/** Notes that a pod's namespace holds no key any more. */
export async function dropPullKey(db: Database, podId: string): Promise<void> {
  await db.deleteFrom('pull_key_holder').where('pod_id', '=', podId).execute();
}

async function makeKey(trx: DatabaseTransaction, actor: Actor, now: Date): Promise<PullKeyUse> {
  const row = await trx
    .insertInto('pull_key')
    .values({ salt: randomBytes(SALT_BYTES), made_at: now })
    .returningAll()
    .executeTakeFirstOrThrow();
  await recordAudit(trx, actor, { target: row.id });
  return { id: Number(row.id), madeAt: row.made_at, refusedAfter: null, pods: 0 };
}

function toPullKey(row: Selectable<PullKeyTable>): PullKey {
  return { id: Number(row.id), salt: row.salt, madeAt: row.made_at, refusedAfter: row.refused_after };
}
