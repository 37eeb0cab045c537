import { FULL_POLICY } from '@brainpod/model/policy';
import { sql } from 'kysely';
import { ApiKeys } from './api-keys.ts';
import type { Database } from './tables.ts';

// Any number that no other advisory lock of ours uses.
const FIRST_ACCOUNT_LOCK = 4_600_001;

/** Accounts and the people in them. */
export class Accounts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Makes the first account, whose user is the operator, with an API key that may do everything. The secret is
   * in this answer only. Null when there is an account already; of several calls at once one makes it.
   */
  createFirst(first: { email: string }): Promise<{ secret: string } | null> {
    return this.#db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${FIRST_ACCOUNT_LOCK})`.execute(trx);
      const existing = await trx.selectFrom('account').select('id').limit(1).executeTakeFirst();
      if (existing !== undefined) return null;
      const user = await createAccount(trx, first.email);
      const { secret } = await new ApiKeys(trx).create({
        userId: user.userId,
        name: 'first',
        policy: FULL_POLICY,
      });
      return { secret };
    });
  }

  /** Makes an account with one user, who owns what is made in it. */
  create(email: string): Promise<{ accountId: string; userId: string }> {
    return this.#db.transaction().execute((trx) => createAccount(trx, email));
  }

  /** The user of the first account, who operates this installation; null before `createFirst`. */
  async operatorId(): Promise<string | null> {
    const row = await this.#db
      .selectFrom('app_user')
      .select('id')
      .orderBy('created_at')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    return row?.id ?? null;
  }
}

async function createAccount(db: Database, email: string): Promise<{ accountId: string; userId: string }> {
  const account = await db.insertInto('account').defaultValues().returning('id').executeTakeFirstOrThrow();
  const user = await db
    .insertInto('app_user')
    .values({ account_id: account.id, email })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { accountId: account.id, userId: user.id };
}
