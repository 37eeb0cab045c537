import { sql } from 'kysely';
import type { Database } from './tables.ts';

/** How many requests a key may make: so many in a second for ever, and `burst` at once after a pause. */
export type RateLimit = { perSecond: number; burst: number };

/** Requests that whoever holds the lease may let through, and how many are left for the next lease. */
export type Lease = { tokens: number; left: number };

/** What API keys have left of their rate, shared by all servers. */
export class RateBudgets {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Takes up to `wanted` tokens from a key's budget; 0 when there is none. Several servers share the budget. */
  async lease(keyId: string, wanted: number, { perSecond, burst }: RateLimit): Promise<Lease> {
    const available = sql<number>`least(${burst}::float8, budget.tokens + ${perSecond}::float8
      * greatest(0, extract(epoch from clock_timestamp() - budget.refilled_at)::float8))`;
    const taken = sql<number>`least(${wanted}::float8, floor(${available}))`;
    const atFirst = Math.min(wanted, burst);
    const { rows } = await sql<{ leased: number; tokens: number }>`
      insert into rate_budget as budget (key_id, tokens, leased, refilled_at)
      values (${keyId}, ${burst - atFirst}, ${atFirst}, clock_timestamp())
      on conflict (key_id) do update
        set tokens = ${available} - ${taken}, leased = ${taken}, refilled_at = clock_timestamp()
      returning leased, tokens`.execute(this.#db);
    const [row] = rows;
    if (row === undefined) throw new Error('a lease that is neither new nor renewed');
    return { tokens: row.leased, left: row.tokens };
  }

  /** Forgets budgets that have long been full again. */
  async sweep(): Promise<void> {
    await this.#db
      .deleteFrom('rate_budget')
      .where('refilled_at', '<', sql<Date>`now() - interval '1 day'`)
      .execute();
  }
}
