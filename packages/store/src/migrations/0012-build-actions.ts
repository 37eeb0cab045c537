import { type Kysely, sql } from 'kysely';

/** Keys that might do everything before there was this action go on doing everything. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statement = {
    sid: 'builds',
    effect: 'allow',
    actions: ['builds:read'],
    resources: ['urn:brain:pod:*'],
  };
  await sql`update api_key set policy = jsonb_set(policy, '{statements}',
      (policy -> 'statements') || ${JSON.stringify([statement])}::jsonb)
    where policy -> 'statements' -> 0 ->> 'sid' = 'everything'
      and not policy::text like '%"builds:read"%'`.execute(db);
}
