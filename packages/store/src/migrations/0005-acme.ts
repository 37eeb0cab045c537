import { type Kysely, sql } from 'kysely';

/** Who the platform is to an ACME authority, and the orders that are under way there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table acme_account (
    directory text primary key,
    key_sealed bytea not null,
    url text,
    created_at timestamptz not null default now()
  )`.execute(db);
  await sql`alter table domain
    add order_directory text,
    add order_url text,
    add order_key_sealed bytea,
    add challenge_token text,
    add challenge_answer text,
    add challenge_asked_at timestamptz,
    add constraint domain_order_is_whole check (
      num_nonnulls(order_directory, order_url, order_key_sealed, challenge_token, challenge_answer) in (0, 5)
      and (order_url is not null or challenge_asked_at is null)
    )`.execute(db);
  // What the edge answers is another: the pod's reconciler is told.
  await sql`drop trigger domain_announces on domain`.execute(db);
  await sql`create trigger domain_announces
    after update of verified_at, certificate_pem, challenge_answer on domain
    for each row
    when ((old.verified_at, old.certificate_pem, old.challenge_answer)
      is distinct from (new.verified_at, new.certificate_pem, new.challenge_answer))
    execute function announce_pod_change()`.execute(db);
}
