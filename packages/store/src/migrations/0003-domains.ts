import { type Kysely, sql } from 'kysely';

/** Own domains: wanted by any number of pods, held by the one that proved its control. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table domain (
    pod_id uuid not null references pod (id),
    domain text not null check (domain = lower(domain)),
    route_name text not null,
    target text not null,
    state text not null default 'waitingForDns'
      check (state in ('waitingForDns', 'verifying', 'issuing', 'active', 'renewing', 'failed')),
    reason text,
    verified_at timestamptz,
    unproven_since timestamptz,
    attempts integer not null default 0,
    -- No finer than a program sees it: what is compared must be the same in both.
    next_attempt_at timestamptz default date_trunc('milliseconds', now()),
    certificate_pem text,
    key_sealed bytea,
    issuer text check (issuer in ('acme', 'local', 'own')),
    not_before timestamptz,
    not_after timestamptz,
    created_at timestamptz not null default now(),
    primary key (pod_id, domain),
    check ((certificate_pem is null) = (key_sealed is null)),
    check ((certificate_pem is null) = (issuer is null)),
    check ((certificate_pem is null) = (not_after is null)),
    check ((certificate_pem is null) = (not_before is null)),
    check (state not in ('active', 'renewing') or (certificate_pem is not null and verified_at is not null))
  )`.execute(db);
  await sql`create unique index domain_holder on domain (domain) where verified_at is not null`.execute(db);
  await sql`create index domain_due on domain (next_attempt_at) where next_attempt_at is not null`.execute(
    db,
  );
  // What is served is another: the pod's reconciler is told.
  await sql`create trigger domain_announces
    after update of verified_at, certificate_pem on domain
    for each row execute function announce_pod_change()`.execute(db);
  await adoptClaims(db);
  await extendPolicies(db);
}

/** Who named a domain first had it, without a proof and without a certificate. Now each of them has to be proven. */
async function adoptClaims(db: Kysely<unknown>): Promise<void> {
  await sql`insert into domain (pod_id, domain, route_name, target)
    select distinct on (claim.pod_id, claim.hostname)
      claim.pod_id, claim.hostname, revision_resource.name, document.body -> 'spec' ->> 'hostname'
    from hostname_claim claim
    join revision on revision.pod_id = claim.pod_id
    join revision_resource on revision_resource.revision_id = revision.id and revision_resource.kind = 'Route'
    join document on document.hash = revision_resource.document_hash
      and document.body -> 'spec' -> 'domains' ? claim.hostname
    where claim.type = 'custom'
    order by claim.pod_id, claim.hostname, revision.version desc`.execute(db);
  await sql`delete from hostname_claim where type = 'custom'`.execute(db);
}

/** Keys that might do everything before there were these actions go on doing everything. */
async function extendPolicies(db: Kysely<unknown>): Promise<void> {
  const statement = {
    sid: 'domains',
    effect: 'allow',
    actions: ['domains:read', 'domains:write'],
    resources: ['urn:brain:pod:*'],
  };
  await sql`update api_key set policy = jsonb_set(policy, '{statements}',
      (policy -> 'statements') || ${JSON.stringify([statement])}::jsonb)
    where policy -> 'statements' -> 0 ->> 'sid' = 'everything'
      and not policy::text like '%"domains:write"%'`.execute(db);
}
