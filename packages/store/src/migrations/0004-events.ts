import { type Kysely, sql } from 'kysely';

/** Requests through Routes: each one's record in packed chunks, and what they amount to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createWriters(db);
  await createChunks(db);
  await createMetrics(db);
}

/** What was stored last: a batch that comes twice is stored once, and positions only ever grow. */
async function createWriters(db: Kysely<unknown>): Promise<void> {
  await sql`create table request_writer (
    id uuid primary key,
    last_batch bigint not null,
    wrote_at timestamptz not null default now()
  )`.execute(db);
  await sql`create table event_position (
    id boolean primary key default true check (id),
    last bigint not null
  )`.execute(db);
  await sql`insert into event_position (last) values (0)`.execute(db);
}

async function createChunks(db: Kysely<unknown>): Promise<void> {
  await sql`create table http_access_chunk (
    pod_id uuid not null references pod (id) on delete cascade,
    route text not null,
    first_position bigint not null,
    last_position bigint not null check (last_position >= first_position),
    event_count integer not null,
    byte_count integer not null,
    data bytea not null,
    primary key (pod_id, route, last_position)
  )`.execute(db);
  // They are packed already.
  await sql`alter table http_access_chunk alter column data set storage external`.execute(db);
  await sql`create index http_access_chunk_age on http_access_chunk (last_position)`.execute(db);
}

async function createMetrics(db: Kysely<unknown>): Promise<void> {
  await sql`create table request_metric (
    id bigint generated always as identity primary key,
    pod_id uuid not null references pod (id) on delete cascade,
    at timestamptz not null,
    seconds integer not null,
    route text not null,
    app text not null,
    revision integer not null,
    requests bigint not null,
    errors bigint not null,
    durations bytea not null
  )`.execute(db);
  await sql`create index request_metric_pod on request_metric (pod_id, at)`.execute(db);
  await sql`create index request_metric_age on request_metric (at) include (seconds)`.execute(db);
}
