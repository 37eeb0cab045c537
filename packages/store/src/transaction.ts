import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from './tables.ts';

/**
 * Runs work in a transaction of its own; within a transaction, in a part of it that is undone by itself when the work
 * throws.
 */
export async function inTransaction<T>(
  db: Database,
  work: (trx: DatabaseTransaction) => Promise<T>,
): Promise<T> {
  if (!isTransaction(db)) return db.transaction().execute(work);
  await sql`savepoint part`.execute(db);
  try {
    const outcome = await work(db);
    await sql`release savepoint part`.execute(db);
    return outcome;
  } catch (error) {
    await sql`rollback to savepoint part`.execute(db);
    await sql`release savepoint part`.execute(db);
    throw error;
  }
}

/** Runs work in a transaction and keeps what it wrote only if `keep` says so of the outcome. */
export async function transactionKeptIf<T>(
  db: Database,
  work: (trx: DatabaseTransaction) => Promise<T>,
  keep: (outcome: T) => boolean,
): Promise<T> {
  const undo = new Error('the outcome is not kept');
  let undone: { outcome: T } | undefined;
  try {
    return await inTransaction(db, async (trx) => {
      const outcome = await work(trx);
      if (keep(outcome)) return outcome;
      undone = { outcome };
      throw undo;
    });
  } catch (error) {
    if (error === undo && undone !== undefined) return undone.outcome;
    throw error;
  }
}

function isTransaction(db: Database): db is DatabaseTransaction {
  return db.isTransaction;
}
