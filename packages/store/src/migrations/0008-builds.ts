import { type Kysely, sql } from 'kysely';

/** Builds of images, those that are done here and those that are told of, with what was said in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table build (
    id uuid primary key default gen_random_uuid(),
    pod_id uuid not null references pod (id) on delete cascade,
    origin text not null check (origin in ('hosted', 'external')),
    state text not null default 'waiting'
      check (state in ('waiting', 'pending', 'ready', 'failed', 'cancelled')),
    -- What it makes, for those that are done here.
    repository text,
    tag text,
    source text,
    platform text,
    options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
    -- What it was made of: git.rev, git.refname, github.repo, github.workflow.
    tags jsonb not null default '{}' check (jsonb_typeof(tags) = 'object'),
    artifacts jsonb not null default '[]' check (jsonb_typeof(artifacts) = 'array'),
    digest text,
    reason text,
    -- How often it was begun: one whose server was killed is begun again.
    attempts integer not null default 0,
    cancel_requested_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    check (origin = 'external' or (repository is not null and tag is not null and source is not null)),
    check ((finished_at is not null) = (state in ('ready', 'failed', 'cancelled'))),
    check ((reason is not null) = (state = 'failed')),
    check (state <> 'ready' or origin = 'external' or digest is not null)
  )`.execute(db);
  await sql`create index build_of_pod on build (pod_id, created_at desc, id desc)`.execute(db);
  await sql`create index build_queue on build (created_at) where state in ('waiting', 'pending')`.execute(db);
  await sql`create table build_log (
    build_id uuid not null references build (id) on delete cascade,
    seq integer not null,
    at timestamptz not null default clock_timestamp(),
    entry jsonb not null,
    primary key (build_id, seq)
  )`.execute(db);
}
