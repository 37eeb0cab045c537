import { type Kysely, sql } from 'kysely';

/** Which of its images a pod keeps when it is cleaned up; null for the default. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pod add image_cleanup jsonb check (jsonb_typeof(image_cleanup) = 'object')`.execute(
    db,
  );
}
