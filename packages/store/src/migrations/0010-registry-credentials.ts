import { type Kysely, sql } from 'kysely';

/** What pods pull images of other registries with. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table registry_credential (
    pod_id uuid not null references pod (id),
    registry text not null check (registry = lower(registry)),
    username text not null,
    password_sealed bytea not null,
    set_at timestamptz not null default now(),
    primary key (pod_id, registry)
  )`.execute(db);
  // What nodes pull with is another: the pod's reconciler is told.
  await sql`create trigger registry_credential_announces after insert or update on registry_credential
    for each row execute function announce_pod_change()`.execute(db);
  await sql`create function announce_former_pod() returns trigger language plpgsql as $$
    begin
      perform pg_notify('brainpod_pod_changed', old.pod_id::text);
      return null;
    end
  $$`.execute(db);
  await sql`create trigger registry_credential_announces_its_end after delete on registry_credential
    for each row execute function announce_former_pod()`.execute(db);
}
