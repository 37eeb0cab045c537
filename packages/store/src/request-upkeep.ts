import { sql } from 'kysely';
import { packEvents, unpackEvents } from './packed-events.ts';
import { summed } from './request-metrics.ts';
import { insertMetrics } from './request-records.ts';
import type { Database, DatabaseTransaction } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** How much is kept of what is known of requests. */
export type RequestBounds = {
  /** Days after which events and metrics are forgotten. */
  days: number;
  /** Bytes of packed events that one pod may have; its oldest go first, and no other pod's. */
  bytesPerPod: number;
};

const COARSE_SECONDS = 60;
const FINE_FOR = sql`interval '2 hours'`;
// Chunks as they come hold what happened in a second. Joined they pack far better.
const JOIN_AFTER = sql`interval '1 minute'`;
const SMALL_CHUNK = 2000;
const MOST_EVENTS = 4000;
// Fewer are not worth rewriting what was joined before.
const LEAST_CHUNKS = 8;

/** Keeps events and metrics within bounds, and small. Several servers may do so at once. */
export async function keepRequests(db: Database, { days, bytesPerPod }: RequestBounds): Promise<void> {
  const oldest = sql`now() - make_interval(days => ${days})`;
  await sql`delete from http_access_chunk
    where last_position < (extract(epoch from ${oldest}) * 1000000)::bigint`.execute(db);
  await sql`delete from request_metric where at < ${oldest}`.execute(db);
  await sql`delete from request_writer where wrote_at < now() - interval '1 day'`.execute(db);
  await joinChunks(db);
  await sql`delete from http_access_chunk as chunk using (
      select pod_id, route, last_position,
        sum(byte_count) over (partition by pod_id order by last_position desc, route) as kept
      from http_access_chunk
    ) as counted
    where counted.kept > ${bytesPerPod} and chunk.pod_id = counted.pod_id
      and chunk.route = counted.route and chunk.last_position = counted.last_position`.execute(db);
  await coarsenMetrics(db);
}

type Place = { podId: string; route: string };

async function joinChunks(db: Database): Promise<void> {
  const joinable = sql<boolean>`last_position < (extract(epoch from now() - ${JOIN_AFTER}) * 1000000)::bigint`;
  const places = await db
    .selectFrom('http_access_chunk')
    .select(['pod_id as podId', 'route'])
    .where(joinable)
    .where('event_count', '<', SMALL_CHUNK)
    .groupBy(['pod_id', 'route'])
    .having((where) => where.fn.countAll(), '>=', LEAST_CHUNKS)
    .execute();
  for (const place of places) {
    const chunks = await db
      .selectFrom('http_access_chunk')
      .select(['last_position as last', 'event_count as count'])
      .where('pod_id', '=', place.podId)
      .where('route', '=', place.route)
      .where(joinable)
      .orderBy('last_position')
      .execute();
    for (const run of runsOf(chunks)) await inTransaction(db, (trx) => join(trx, place, run));
  }
}

/** Neighbours that are small and together not large: joined, they overlap no other chunk. */
function runsOf(chunks: readonly { last: string; count: number }[]): string[][] {
  const runs: string[][] = [];
  let run: string[] = [];
  let events = 0;
  const end = (): void => {
    if (run.length >= LEAST_CHUNKS) runs.push(run);
    run = [];
    events = 0;
  };
  for (const { last, count } of chunks) {
    if (count >= SMALL_CHUNK || events + count > MOST_EVENTS) end();
    if (count >= SMALL_CHUNK) continue;
    run.push(last);
    events += count;
  }
  end();
  return runs;
}

async function join(
  trx: DatabaseTransaction,
  { podId, route }: Place,
  run: readonly string[],
): Promise<void> {
  const taken = await trx
    .deleteFrom('http_access_chunk')
    .where('pod_id', '=', podId)
    .where('route', '=', route)
    .where('last_position', 'in', run)
    .returning(['first_position as first', 'last_position as last', 'data'])
    .execute();
  const chunks = taken.sort((a, b) => Number(a.last) - Number(b.last));
  const [first, last] = [chunks[0]?.first, chunks.at(-1)?.last];
  // Another server was here first.
  if (first === undefined || last === undefined) return;
  const events = chunks.flatMap((chunk) => unpackEvents(chunk.data, Number(chunk.first)));
  const data = packEvents(
    events.map(({ position, ...event }) => ({ fromFirst: position - Number(first), event })),
  );
  await trx
    .insertInto('http_access_chunk')
    .values({
      pod_id: podId,
      route,
      first_position: first,
      last_position: last,
      event_count: events.length,
      byte_count: data.length,
      data,
    })
    .execute();
}

async function coarsenMetrics(db: Database): Promise<void> {
  const pods = await db
    .selectFrom('request_metric')
    .select('pod_id as podId')
    .distinct()
    .where('seconds', '<', COARSE_SECONDS)
    .where(isOld)
    .execute();
  for (const { podId } of pods) await inTransaction(db, (trx) => coarsen(trx, podId));
}

const isOld = sql<boolean>`at < date_trunc('minute', now() - ${FINE_FOR})`;

async function coarsen(trx: DatabaseTransaction, podId: string): Promise<void> {
  const rows = await trx
    .deleteFrom('request_metric')
    .where('pod_id', '=', podId)
    .where('seconds', '<', COARSE_SECONDS)
    .where(isOld)
    .returning(['route', 'app', 'revision', 'requests', 'errors', 'durations'])
    .returning(sql<Date>`date_trunc('minute', at)`.as('at'))
    .execute();
  const sums = summed(rows).map(({ durations, ...sum }) => ({
    ...sum,
    podId,
    seconds: COARSE_SECONDS,
    durations: durations.encode(),
  }));
  if (sums.length > 0) await insertMetrics(trx, sums);
}
