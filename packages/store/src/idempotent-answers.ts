import { sql } from 'kysely';
import type { Database } from './tables.ts';

/** The answer to a request, kept for repetitions of it; the body is encrypted by whoever keeps it. */
export type KeptAnswer = { status: number; headers: Record<string, string>; body: Buffer };

/** A request that may come more than once: the API key's id, what the caller named it, and a hash of what it asks. */
export type RepeatableRequest = { keyId: string; idempotencyKey: string; requestHash: Buffer };

export type Claim =
  /** This one is to be done, and its answer kept. */
  { state: 'new' } | { state: 'answered'; requestHash: Buffer; answer: KeptAnswer };

/** How long an answer is kept, in hours. */
export const ANSWER_LIFE_HOURS = 24;

// Any number that no answer's status is: a claim is only ever seen by others with its answer.
const NOT_ANSWERED_YET = 0;
const OUTLIVED = sql<boolean>`idempotent_answer.created_at < now() - make_interval(hours => ${ANSWER_LIFE_HOURS})`;

/** Answers kept for requests that are repeated. */
export class IdempotentAnswers {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Claims a request, in the transaction that does what it asks. While another transaction does the same request,
   * this waits for it to end. Answers older than `ANSWER_LIFE_HOURS` are as if they were not there.
   */
  async claim({ keyId, idempotencyKey, requestHash }: RepeatableRequest): Promise<Claim> {
    const claimed = await this.#db
      .insertInto('idempotent_answer')
      .values({
        key_id: keyId,
        idempotency_key: idempotencyKey,
        request_hash: requestHash,
        status: NOT_ANSWERED_YET,
        headers: '{}',
        body: Buffer.alloc(0),
      })
      .onConflict((conflict) =>
        conflict
          .columns(['key_id', 'idempotency_key'])
          .doUpdateSet({ request_hash: requestHash, created_at: sql`now()` })
          .where(OUTLIVED),
      )
      .returning('status')
      .executeTakeFirst();
    if (claimed !== undefined) return { state: 'new' };
    const kept = await this.#db
      .selectFrom('idempotent_answer')
      .select(['request_hash', 'status', 'headers', 'body'])
      .where('key_id', '=', keyId)
      .where('idempotency_key', '=', idempotencyKey)
      .executeTakeFirstOrThrow();
    const { request_hash, status, headers, body } = kept;
    return { state: 'answered', requestHash: request_hash, answer: { status, headers, body } };
  }

  /** Keeps the answer to a request that this transaction has claimed. */
  async keep({ keyId, idempotencyKey }: RepeatableRequest, answer: KeptAnswer): Promise<void> {
    await this.#db
      .updateTable('idempotent_answer')
      .set({ status: answer.status, headers: JSON.stringify(answer.headers), body: answer.body })
      .where('key_id', '=', keyId)
      .where('idempotency_key', '=', idempotencyKey)
      .execute();
  }

  /** Removes what has outlived its time; returns how many answers that were. */
  async sweep(): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('idempotent_answer')
      .where(OUTLIVED)
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }
}
