import { type Kysely, sql } from 'kysely';

/** What the edge had counted when it was asked last, what was recorded since then, and what had been lost until then. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table edge_tally (
    id boolean primary key default true check (id),
    edge_started_at timestamptz,
    edge_count bigint not null default 0,
    recorded_since bigint not null default 0,
    lost bigint not null default 0
  )`.execute(db);
  await sql`insert into edge_tally (id) values (true)`.execute(db);
}
