import { type Kysely, sql } from 'kysely';

/** What the images of a revision were when it was sent on its way, by the names that its documents give them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table revision add image_digests jsonb not null default '{}'
    check (jsonb_typeof(image_digests) = 'object')`.execute(db);
}
