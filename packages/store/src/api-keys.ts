import type { Policy } from '@brainpod/model/policy';
import { sql } from 'kysely';
import { looksLikeSecret, newSecret, secretHash } from './api-key-secret.ts';
import { type Actor, recordAudit } from './audit.ts';
import { POD_COLUMNS, type PodRecord, podOf } from './pod-record.ts';
import { PreparedQuery } from './prepared-query.ts';
import type { Database } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** Who calls: a key, its user and the user's account. */
export type Caller = {
  keyId: string;
  userId: string;
  accountId: string;
  email: string | null;
  keyName: string;
  isOperator: boolean;
  policy: Policy;
};

/** A key as people see it. */
export type ApiKeyRecord = {
  id: string;
  name: string;
  policy: Policy;
  userId: string;
  /** Of the user whose key it is. */
  email: string | null;
  isOperator: boolean;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  rolledAt: Date | null;
  revokedAt: Date | null;
};

export type NewApiKey = { userId: string; name: string; policy: Policy; expiresAt?: Date; actor: Actor };

// "Last used" is for people who look for keys that nobody needs any more; a write per call would be too many.
const LAST_USED_PRECISION = sql`interval '1 minute'`;

/** API keys. Only hashes of their secrets are kept. */
export class ApiKeys {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Makes a key. The secret is in the answer and nowhere else. */
  async create(key: NewApiKey): Promise<{ id: string; secret: string }> {
    const secret = newSecret();
    return inTransaction(this.#db, async (trx) => {
      const { id } = await trx
        .insertInto('api_key')
        .values({
          user_id: key.userId,
          name: key.name,
          secret_hash: secretHash(secret),
          policy: JSON.stringify(key.policy),
          expires_at: key.expiresAt ?? null,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await recordAudit(trx, key.actor, { target: id });
      return { id, secret };
    });
  }

  /** Who holds this secret; null when nobody does, or the key is revoked or expired. */
  async authenticate(secret: string): Promise<Caller | null> {
    if (!looksLikeSecret(secret)) return null;
    const [row] = await CALLER.run(this.#db, { hash: secretHash(secret) });
    return this.#noted(row);
  }

  /**
   * The same, with a pod of the holder's account by its name, in one statement: what nearly every request asks. The pod
   * is null when there is none of that name that is not deleted.
   */
  async authenticateForPod(
    secret: string,
    podName: string,
  ): Promise<{ caller: Caller; pod: PodRecord | null } | null> {
    if (!looksLikeSecret(secret)) return null;
    const [row] = await CALLER_WITH_POD.run(this.#db, { hash: secretHash(secret), podName });
    const caller = await this.#noted(row);
    return row === undefined || caller === null ? null : { caller, pod: podOf(row) };
  }

  /** Every key of an account, those that are revoked or expired too; newest first. */
  list(accountId: string): Promise<ApiKeyRecord[]> {
    return selectKeys(this.#db, accountId)
      .orderBy('api_key.created_at', 'desc')
      .orderBy('api_key.id')
      .execute();
  }

  async find(accountId: string, keyId: string): Promise<ApiKeyRecord | null> {
    const key = await selectKeys(this.#db, accountId).where('api_key.id', '=', keyId).executeTakeFirst();
    return key ?? null;
  }

  /** Gives a key another secret; the one before is dead with it. Null when the key is revoked or expired. */
  async roll(keyId: string, actor: Actor): Promise<{ secret: string } | null> {
    const secret = newSecret();
    return inTransaction(this.#db, async (trx) => {
      const rolled = await trx
        .updateTable('api_key')
        .set({ secret_hash: secretHash(secret), rolled_at: sql`now()` })
        .where('id', '=', keyId)
        .where('revoked_at', 'is', null)
        .where((where) =>
          where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]),
        )
        .returning('id')
        .executeTakeFirst();
      if (rolled === undefined) return null;
      await recordAudit(trx, actor, { target: keyId });
      return { secret };
    });
  }

  /** Ends a key for ever; one that has ended stays as it is. */
  async revoke(keyId: string, actor: Actor): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      await trx
        .updateTable('api_key')
        .set({ revoked_at: sql`now()` })
        .where('id', '=', keyId)
        .where('revoked_at', 'is', null)
        .execute();
      await recordAudit(trx, actor, { target: keyId });
    });
  }

  /** The caller of a row, whose use is recorded when that is news. */
  async #noted(row: (Caller & { isUseNews: boolean }) | undefined): Promise<Caller | null> {
    if (row === undefined) return null;
    const { keyId, keyName, userId, accountId, email, isOperator, policy } = row;
    if (row.isUseNews) await this.#recordUse(keyId);
    return { keyId, keyName, userId, accountId, email, isOperator, policy };
  }

  /** The condition is asked again so that of many calls at once one writes and the others do not wait to. */
  async #recordUse(keyId: string): Promise<void> {
    await this.#db
      .updateTable('api_key')
      .set({ last_used_at: sql`now()` })
      .where('id', '=', keyId)
      .where(sql<boolean>`last_used_at is null or last_used_at < now() - ${LAST_USED_PRECISION}`)
      .execute();
  }
}

function selectCaller(db: Database, hash: Buffer) {
  return db
    .selectFrom('api_key')
    .innerJoin('app_user', 'app_user.id', 'api_key.user_id')
    .select(['api_key.id as keyId', 'api_key.name as keyName', 'app_user.id as userId'])
    .select(['app_user.account_id as accountId', 'email', 'is_operator as isOperator', 'policy'])
    .select(
      sql<boolean>`last_used_at is null or last_used_at < now() - ${LAST_USED_PRECISION}`.as('isUseNews'),
    )
    .where('secret_hash', '=', hash)
    .where('revoked_at', 'is', null)
    .where((where) =>
      where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]),
    );
}

const A_SECRET: { hash: Buffer } = { hash: Buffer.from('hash') };

const CALLER = new PreparedQuery(A_SECRET, (db, { hash }) => selectCaller(db, hash));

const CALLER_WITH_POD = new PreparedQuery(
  { ...A_SECRET, podName: 'the name of a pod' },
  (db, { hash, podName }) =>
    selectCaller(db, hash)
      .leftJoin('pod', (join) =>
        join
          .onRef('pod.account_id', '=', 'app_user.account_id')
          .on('pod.name', '=', podName)
          .on('pod.deleted_at', 'is', null),
      )
      .leftJoin('revision as head', 'head.id', 'pod.head_revision_id')
      .leftJoin('revision as deployed', 'deployed.id', 'pod.deployed_revision_id')
      .select(POD_COLUMNS),
);

function selectKeys(db: Database, accountId: string) {
  return db
    .selectFrom('api_key')
    .innerJoin('app_user', 'app_user.id', 'api_key.user_id')
    .select(['api_key.id', 'name', 'policy', 'user_id as userId', 'email', 'is_operator as isOperator'])
    .select(['api_key.created_at as createdAt', 'expires_at as expiresAt', 'last_used_at as lastUsedAt'])
    .select(['rolled_at as rolledAt', 'revoked_at as revokedAt'])
    .where('account_id', '=', accountId);
}
