import { type Kysely, sql } from 'kysely';

/** When a pod's images are cleaned up by themselves the next time (null: they are not), and what the last time did. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table image_cleanup_round (
    pod_id uuid primary key references pod (id) on delete cascade,
    due_at timestamptz,
    last jsonb check (jsonb_typeof(last) = 'object')
  )`.execute(db);
  await sql`create index image_cleanup_due on image_cleanup_round (due_at) where due_at is not null`.execute(
    db,
  );
}
