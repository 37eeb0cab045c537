import { type Kysely, sql } from 'kysely';

/** Accounts, keys, pods, revisions with their documents, hostnames and the resources' statuses. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createAccounts(db);
  await createPods(db);
  await createRevisions(db);
  await createHostnamesAndStatuses(db);
  await announceChanges(db);
}

async function createAccounts(db: Kysely<unknown>): Promise<void> {
  await sql`create table account (
    id uuid primary key default gen_random_uuid(),
    created_at timestamptz not null default now()
  )`.execute(db);
  await sql`create table app_user (
    id uuid primary key default gen_random_uuid(),
    account_id uuid not null references account (id),
    email text,
    created_at timestamptz not null default now()
  )`.execute(db);
  await sql`create unique index app_user_email on app_user (lower(email))`.execute(db);
  await sql`create table api_key (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references app_user (id),
    name text not null,
    secret_hash bytea not null unique check (length(secret_hash) = 32),
    policy jsonb not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`.execute(db);
  await sql`create index api_key_user on api_key (user_id)`.execute(db);
  await sql`create table cluster (
    id uuid primary key default gen_random_uuid(),
    name text not null unique,
    provider text,
    region text,
    architectures text[] not null,
    created_at timestamptz not null default now()
  )`.execute(db);
}

async function createPods(db: Kysely<unknown>): Promise<void> {
  await sql`create table pod (
    id uuid primary key,
    account_id uuid not null references account (id),
    owner_id uuid not null references app_user (id),
    cluster_id uuid not null references cluster (id),
    name text not null unique check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    display_name text,
    head_revision_id uuid not null,
    deployed_revision_id uuid,
    created_at timestamptz not null default now()
  )`.execute(db);
  await sql`create index pod_account on pod (account_id, name)`.execute(db);
}

async function createRevisions(db: Kysely<unknown>): Promise<void> {
  await sql`create table revision (
    id uuid primary key,
    pod_id uuid not null references pod (id),
    parent_id uuid references revision (id),
    version integer not null check (version > 0),
    state text not null check (state in ('draft', 'canceled', 'pending', 'ready', 'deployed', 'failed')),
    summary text,
    error text,
    checksum text,
    created_at timestamptz not null default now(),
    deploy_started_at timestamptz,
    deployed_at timestamptz,
    unique (pod_id, version),
    check (state <> 'failed' or checksum is null)
  )`.execute(db);
  await sql`create index revision_in_progress on revision (pod_id, version) where state in ('pending', 'ready')`.execute(
    db,
  );
  // A pod has one draft at most, whatever the code above the database thinks.
  await sql`create unique index revision_one_draft on revision (pod_id) where state = 'draft'`.execute(db);
  await sql`create index revision_deployed_at on revision (pod_id, deployed_at) where deployed_at is not null`.execute(
    db,
  );
  // A pod and its first revision name each other, so these are checked at the end of the transaction.
  await sql`alter table pod
    add foreign key (head_revision_id) references revision (id) deferrable initially deferred,
    add foreign key (deployed_revision_id) references revision (id)`.execute(db);
  await sql`create table document (
    hash bytea primary key check (length(hash) = 32),
    body jsonb not null,
    created_at timestamptz not null default now()
  )`.execute(db);
  await sql`create table revision_resource (
    revision_id uuid not null references revision (id),
    kind text not null,
    name text not null,
    uid uuid not null,
    document_hash bytea not null references document (hash),
    primary key (revision_id, kind, name)
  )`.execute(db);
  await sql`create index revision_resource_document on revision_resource (document_hash)`.execute(db);
}

async function createHostnamesAndStatuses(db: Kysely<unknown>): Promise<void> {
  await sql`create table hostname_claim (
    hostname text primary key check (hostname = lower(hostname)),
    pod_id uuid not null references pod (id),
    type text not null check (type in ('platform', 'custom')),
    route_name text,
    created_at timestamptz not null default now(),
    check ((type = 'platform') = (route_name is not null))
  )`.execute(db);
  await sql`create unique index hostname_claim_route on hostname_claim (pod_id, route_name)`.execute(db);
  await sql`create table resource_status (
    pod_id uuid not null references pod (id),
    kind text not null,
    name text not null,
    status jsonb not null,
    healthy boolean not null,
    updated_at timestamptz not null default now(),
    primary key (pod_id, kind, name)
  )`.execute(db);
}

/** Whoever listens hears of a pod when one of its revisions appears or changes its state. */
async function announceChanges(db: Kysely<unknown>): Promise<void> {
  await sql`create function announce_pod_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('brainpod_pod_changed', new.pod_id::text);
      return null;
    end
  $$`.execute(db);
  await sql`create trigger revision_announces after insert or update of state on revision
    for each row execute function announce_pod_change()`.execute(db);
}
