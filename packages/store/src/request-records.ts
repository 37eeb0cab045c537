import { sql } from 'kysely';
import { type HttpAccess, packEvents } from './packed-events.ts';
import type { Database } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** Requests through one Route, oldest first. */
export type RouteEvents = { podId: string; route: string; events: readonly HttpAccess[] };

/** What a number of requests amount to. */
export type RequestMetric = {
  podId: string;
  at: Date;
  seconds: number;
  route: string;
  app: string;
  revision: number;
  requests: number;
  errors: number;
  /** As `DurationSketch` encodes it. */
  durations: Uint8Array;
};

/** What one writer hands over at once. Its batches have growing numbers. */
export type RequestBatch = {
  writer: string;
  number: number;
  events: readonly RouteEvents[];
  metrics: readonly RequestMetric[];
  /** For the tally of what was lost; null when the metrics are not about all that came until now. */
  tally?: RequestTally | null;
};

/** What a batch adds to the tally. */
export type RequestTally = {
  /** How many requests are in the batch's metrics, or were to nobody. */
  recorded: number;
  /** What the edge had counted before that; null when it cannot be asked. */
  edge: EdgeCount | null;
};

/** How many requests an edge has counted since it started; when that was is right to a few seconds. */
export type EdgeCount = { count: number; startedAt: Date };

/** Takes in what is recorded of requests. */
export class RequestRecords {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Keeps a batch, all of it or nothing. One that was kept before is not kept again, so that a batch whose answer was
   * lost can be sent again. What is about pods that are no more is passed over.
   */
  async write({ writer, number, events, metrics, tally }: RequestBatch): Promise<void> {
    const packed = events.map(({ podId, route, events: list }) => ({
      podId,
      route,
      count: list.length,
      data: packEvents(list.map((event, fromFirst) => ({ fromFirst, event }))),
    }));
    await inTransaction(this.#db, async (db) => {
      if (!(await isNew(db, writer, number))) return;
      if (packed.length > 0) await insertChunks(db, packed);
      if (metrics.length > 0) await insertMetrics(db, metrics);
      if (tally) await addToTally(db, tally);
    });
  }

  /**
   * How many requests the edge counted that are in no metric. Those of the last second may be on their way yet. What was
   * lost in the seconds around a restart of the edge is not among them.
   */
  async lost(): Promise<number> {
    const { rows } = await sql<{ lost: string }>`select greatest(lost, 0) as lost from edge_tally`.execute(
      this.#db,
    );
    return Number(rows[0]?.lost ?? 0);
  }
}

async function isNew(db: Database, writer: string, number: number): Promise<boolean> {
  const { rows } = await sql`
    insert into request_writer as known (id, last_batch) values (${writer}, ${number})
    on conflict (id) do update set last_batch = excluded.last_batch, wrote_at = now()
      where known.last_batch < excluded.last_batch
    returning id`.execute(db);
  return rows.length > 0;
}

/** Two readings that differ by less are of the same edge: it says its age only every few seconds. */
const SAME_START_SECONDS = 10;

/**
 * Of an edge that was not there at the last reading, nobody knows how many requests went to the one before it: what both
 * counted meanwhile is taken for recorded. The sum may be below zero for a moment, when records overtake the reading.
 */
async function addToTally(db: Database, { recorded, edge }: RequestTally): Promise<void> {
  if (edge === null) {
    await sql`update edge_tally set recorded_since = recorded_since + ${recorded}::bigint`.execute(db);
    return;
  }
  const startedAt = edge.startedAt.toISOString();
  await sql`
    update edge_tally set
      lost = lost + case
        when ${edge.count}::bigint >= edge_count
          and abs(extract(epoch from edge_started_at - ${startedAt}::timestamptz)) < ${SAME_START_SECONDS}
        then ${edge.count}::bigint - edge_count - recorded_since - ${recorded}::bigint
        else 0 end,
      edge_count = ${edge.count}::bigint,
      edge_started_at = ${startedAt}::timestamptz,
      recorded_since = 0`.execute(db);
}

type Packed = { podId: string; route: string; count: number; data: Buffer };

/**
 * The row of the last position stays locked until these chunks can be seen: whoever saw a position has seen
 * all that are smaller. Positions are microseconds of the clock so far as that grows.
 */
async function insertChunks(db: Database, chunks: readonly Packed[]): Promise<void> {
  const total = chunks.reduce((sum, { count }) => sum + count, 0);
  const { rows } = await sql<{ last: string }>`
    update event_position
    set last = greatest(last, (extract(epoch from clock_timestamp()) * 1000000)::bigint) + ${total}
    returning last`.execute(db);
  let next = Number(rows[0]?.last) - total + 1;
  const placed = chunks.map((chunk) => {
    const first = next;
    next += chunk.count;
    return { ...chunk, first, last: next - 1 };
  });
  await sql`
    insert into http_access_chunk
      (pod_id, route, first_position, last_position, event_count, byte_count, data)
    select given.pod_id, given.route, given.first, given.last, given.count, length(given.data), given.data
    from unnest(
      ${placed.map(({ podId }) => podId)}::uuid[], ${placed.map(({ route }) => route)}::text[],
      ${placed.map(({ first }) => first)}::bigint[], ${placed.map(({ last }) => last)}::bigint[],
      ${placed.map(({ count }) => count)}::integer[], ${placed.map(({ data }) => data)}::bytea[]
    ) as given (pod_id, route, first, last, count, data)
    where given.pod_id in (select id from pod)`.execute(db);
}

/** Adds rows. Several about the same time are as good as one of all. */
export async function insertMetrics(db: Database, metrics: readonly RequestMetric[]): Promise<void> {
  await sql`
    insert into request_metric (pod_id, at, seconds, route, app, revision, requests, errors, durations)
    select given.*
    from unnest(
      ${metrics.map(({ podId }) => podId)}::uuid[],
      ${metrics.map(({ at }) => at.toISOString())}::timestamptz[],
      ${metrics.map(({ seconds }) => seconds)}::integer[], ${metrics.map(({ route }) => route)}::text[],
      ${metrics.map(({ app }) => app)}::text[], ${metrics.map(({ revision }) => revision)}::integer[],
      ${metrics.map(({ requests }) => requests)}::bigint[], ${metrics.map(({ errors }) => errors)}::bigint[],
      ${metrics.map(({ durations }) => Buffer.from(durations))}::bytea[]
    ) as given (pod_id, at, seconds, route, app, revision, requests, errors, durations)
    where given.pod_id in (select id from pod)`.execute(db);
}
