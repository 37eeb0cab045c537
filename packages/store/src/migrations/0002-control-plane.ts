import { type Kysely, sql } from 'kysely';

/** The operator, the life of pods, sizes and limits, answers kept for repeated requests, and the audit log. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await nameTheOperator(db);
  await extendClusters(db);
  await extendPods(db);
  await announceStatuses(db);
  await createSizes(db);
  await createRequestState(db);
  await createAudit(db);
}

async function nameTheOperator(db: Kysely<unknown>): Promise<void> {
  await sql`alter table app_user add column is_operator boolean not null default false`.execute(db);
  await sql`update app_user set is_operator = true
    where id = (select id from app_user order by created_at, id limit 1)`.execute(db);
  await sql`alter table api_key add column rolled_at timestamptz`.execute(db);
  // Keys that might do everything before there were these actions go on doing everything.
  await sql`update api_key set policy = jsonb_set(policy, '{statements}', (policy -> 'statements') || ${JSON.stringify(
    [
      {
        sid: 'control-plane',
        effect: 'allow',
        actions: ['pods:write', 'keys:read', 'keys:write', 'audit:read', 'platform:operate'],
        resources: ['urn:brain:pod:*'],
      },
    ],
  )}::jsonb)
    where policy -> 'statements' -> 0 ->> 'sid' = 'everything'`.execute(db);
}

async function extendClusters(db: Kysely<unknown>): Promise<void> {
  await sql`alter table cluster
    add column country text check (country ~ '^[A-Z]{2}$'),
    add column gateway_class text,
    add column kubeconfig_sealed bytea`.execute(db);
}

async function extendPods(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pod
    add column stopped_at timestamptz,
    add column deleted_at timestamptz,
    add column erase_after timestamptz,
    add column limits jsonb,
    add check ((deleted_at is null) = (erase_after is null))`.execute(db);
  await sql`create index pod_erase_after on pod (erase_after) where erase_after is not null`.execute(db);
  await sql`create index pod_cluster on pod (cluster_id)`.execute(db);
  // A name is never given twice: policies, addresses and images out there still say it.
  await sql`create table retired_pod_name (
    name text primary key,
    retired_at timestamptz not null default now()
  )`.execute(db);
  await sql`create table resource_restart (
    pod_id uuid not null references pod (id),
    kind text not null,
    name text not null,
    restarted_at timestamptz not null,
    finished_at timestamptz,
    error text,
    effective_before timestamptz,
    primary key (pod_id, kind, name)
  )`.execute(db);
  await sql`create trigger restart_announces after insert or update on resource_restart
    for each row execute function announce_pod_change()`.execute(db);
  await sql`create function announce_pod_itself() returns trigger language plpgsql as $$
    begin
      perform pg_notify('brainpod_pod_changed', new.id::text);
      return null;
    end
  $$`.execute(db);
  await sql`create trigger pod_announces after update of stopped_at, deleted_at, erase_after, limits on pod
    for each row execute function announce_pod_itself()`.execute(db);
}

/**
 * Whoever looks on hears of a pod when what is known of its resources changes: once per transaction, and on a channel of
 * its own, because the reconciler makes these changes itself.
 */
async function announceStatuses(db: Kysely<unknown>): Promise<void> {
  await sql`create function announce_status_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('brainpod_status_changed', coalesce(new.pod_id, old.pod_id)::text);
      return null;
    end
  $$`.execute(db);
  await sql`create trigger status_announces after insert or update or delete on resource_status
    for each row execute function announce_status_change()`.execute(db);
}

async function createSizes(db: Kysely<unknown>): Promise<void> {
  await sql`create table instance_size (
    name text primary key,
    cpu_millis integer not null check (cpu_millis between 10 and 1000000),
    memory_mib integer not null check (memory_mib between 16 and 10000000),
    updated_at timestamptz not null default now()
  )`.execute(db);
}

async function createRequestState(db: Kysely<unknown>): Promise<void> {
  await sql`create table idempotent_answer (
    key_id uuid not null references api_key (id),
    idempotency_key text not null,
    request_hash bytea not null,
    status integer not null,
    headers jsonb not null,
    body bytea not null,
    created_at timestamptz not null default now(),
    primary key (key_id, idempotency_key)
  )`.execute(db);
  await sql`create index idempotent_answer_created on idempotent_answer (created_at)`.execute(db);
  // Lost in a crash of PostgreSQL, which costs nobody anything: budgets start full.
  await sql`create unlogged table rate_budget (
    key_id uuid primary key,
    tokens double precision not null,
    leased double precision not null,
    refilled_at timestamptz not null
  )`.execute(db);
}

/** Entries outlive what they are about, so they refer to nothing by foreign key. */
async function createAudit(db: Kysely<unknown>): Promise<void> {
  await sql`create table audit_entry (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    account_id uuid,
    user_id uuid,
    email text,
    key_id uuid,
    key_name text,
    operation text not null,
    pod_id uuid,
    pod_name text,
    target text,
    revision_id uuid,
    address text,
    request_id text
  )`.execute(db);
  await sql`create index audit_entry_account on audit_entry (account_id, id)`.execute(db);
  await sql`create index audit_entry_pod on audit_entry (pod_id, id)`.execute(db);
  await sql`create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'the audit log is only ever added to';
    end
  $$`.execute(db);
  await sql`create trigger audit_is_append_only before update or delete or truncate on audit_entry
    for each statement execute function refuse_change()`.execute(db);
}
