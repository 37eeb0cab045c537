import type { Database, DatabaseTransaction } from './tables.ts';

/** Runs work in a transaction and keeps what it wrote only if `keep` says so of the outcome. */
export async function transactionKeptIf<T>(
  db: Database,
  work: (trx: DatabaseTransaction) => Promise<T>,
  keep: (outcome: T) => boolean,
): Promise<T> {
  const undo = new Error('the outcome is not kept');
  let undone: { outcome: T } | undefined;
  try {
    return await db.transaction().execute(async (trx) => {
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
