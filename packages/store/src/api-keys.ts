import type { Policy } from '@brainpod/model/policy';
import { sql } from 'kysely';
import { looksLikeSecret, newSecret, secretHash } from './api-key-secret.ts';
import { type Actor, recordAudit } from './audit.ts';
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
    const row = await this.#db
      .selectFrom('api_key')
      .innerJoin('app_user', 'app_user.id', 'api_key.user_id')
      .select(['api_key.id as keyId', 'api_key.name as keyName', 'app_user.id as userId'])
      .select(['account_id as accountId', 'email', 'is_operator as isOperator', 'policy'])
      .select(
        sql<boolean>`last_used_at is null or last_used_at < now() - ${LAST_USED_PRECISION}`.as('isUseNews'),
      )
      .where('secret_hash', '=', secretHash(secret))
      .where('revoked_at', 'is', null)
      .where((where) =>
        where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]),
      )
      .executeTakeFirst();
    if (row === undefined) return null;
    const { isUseNews, ...caller } = row;
    if (isUseNews) await this.#recordUse(caller.keyId);
    return caller;
  }

  /** Ends a key for ever. */
  async revoke(keyId: string, actor: Actor): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const revoked = await trx
        .updateTable('api_key')
        .set({ revoked_at: sql`now()` })
        .where('id', '=', keyId)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      if (revoked !== undefined) await recordAudit(trx, actor, { target: keyId });
    });
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
