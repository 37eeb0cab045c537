import { type Kysely, sql } from 'kysely';

/** What builds may use and nobody is to keep: sealed, and gone with the end of the build, however that comes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table build_secret (
    build_id uuid not null references build (id) on delete cascade,
    name text not null,
    value_sealed bytea not null,
    primary key (build_id, name)
  )`.execute(db);
  await sql`create function forget_build_secrets() returns trigger language plpgsql as $$
    begin
      delete from build_secret where build_id = new.id;
      return null;
    end
  $$`.execute(db);
  await sql`create trigger build_forgets_secrets after update of state on build
    for each row when (new.state in ('ready', 'failed', 'cancelled')) execute function forget_build_secrets()`.execute(
    db,
  );
}
