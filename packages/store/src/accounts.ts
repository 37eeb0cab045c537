import { FULL_POLICY } from '@brainpod/model/policy';
import { sql } from 'kysely';
import { ApiKeys } from './api-keys.ts';
import { platformActor } from './audit.ts';
import type { Database } from './tables.ts';
import { inTransaction } from './transaction.ts';

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
    return inTransaction(this.#db, async (trx) => {
      await sql`select pg_advisory_xact_lock(${FIRST_ACCOUNT_LOCK})`.execute(trx);
      const existing = await trx.selectFrom('account').select('id').limit(1).executeTakeFirst();
      if (existing !== undefined) return null;
      const user = await createAccount(trx, { email: first.email, isOperator: true });
      const { secret } = await new ApiKeys(trx).create({
        userId: user.userId,
        name: 'first',
        policy: FULL_POLICY,
        actor: platformActor('createFirstAccount'),
      });
      return { secret };
    });
  }

  /** Makes an account with one user, who owns what is made in it. */
  create(email: string): Promise<{ accountId: string; userId: string }> {
    return inTransaction(this.#db, (trx) => createAccount(trx, { email, isOperator: false }));
  }

  /** The user of the first account, who operates this installation; null before `createFirst`. */
  async operatorId(): Promise<string | null> {
    const row = await this.#db
      .selectFrom('app_user')
      .select('id')
      .where('is_operator', '=', true)
      .orderBy('created_at')
      .limit(1)
      .executeTakeFirst();
    return row?.id ?? null;
  }
}

async function createAccount(
  db: Database,
  { email, isOperator }: { email: string; isOperator: boolean },
): Promise<{ accountId: string; userId: string }> {
  const account = await db.insertInto('account').defaultValues().returning('id').executeTakeFirstOrThrow();
  const user = await db
    .insertInto('app_user')
    .values({ account_id: account.id, email, is_operator: isOperator })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { accountId: account.id, userId: user.id };
}
