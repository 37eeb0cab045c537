import { type Kysely, sql } from 'kysely';

/** The keys of which nodes' passwords are made, and which of them each namespace may hold. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table pull_key (
    id bigint generated always as identity primary key,
    salt bytea not null,
    made_at timestamptz not null default now(),
    refused_after timestamptz
  )`.execute(db);
  await sql`create table pull_key_holder (
    pod_id uuid primary key references pod (id),
    key_id bigint not null references pull_key (id)
  )`.execute(db);
  // What nodes pull with is another: the reconciler of each pod that has any is told.
  await sql`create function announce_pull_key() returns trigger language plpgsql as $$
    begin
      perform pg_notify('brainpod_pod_changed', pod_id::text) from pull_key_holder;
      return null;
    end
  $$`.execute(db);
  await sql`create trigger pull_key_announces after insert on pull_key
    for each statement execute function announce_pull_key()`.execute(db);
  // Without a salt: the one that there was before there were several. Whoever may hold it is given another.
  await sql`with former as (insert into pull_key (salt) select '\\x'::bytea where exists (select from pod) returning id)
    insert into pull_key_holder (pod_id, key_id) select pod.id, former.id from pod, former`.execute(db);
  await sql`insert into pull_key (salt) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))`.execute(
    db,
  );
}
