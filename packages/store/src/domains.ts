import { createHash } from 'node:crypto';
import type { CertificateIssuer, DomainState } from '@brainpod/model/domain-state';
import { ApiError } from '@brainpod/model/errors';
import { type Selectable, sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { lockPod } from './locked-pod.ts';
import type { LockOutcome, PodLocks } from './pod-locks.ts';
import type { Database, DatabaseTransaction, DomainTable } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** A certificate as it is kept: the chain as PEM, and its key sealed under the master key. */
export type KeptCertificate = {
  chainPem: string;
  keySealed: Buffer;
  issuer: CertificateIssuer;
  notBefore: Date;
  notAfter: Date;
};

/** What has been ordered of an ACME authority, so that whoever goes on with it knows all of it. */
export type CertificateOrder = {
  /** The authority, by the address of its directory. */
  directory: string;
  url: string;
  /** Of the certificate to come, sealed under the master key. */
  keySealed: Buffer;
  /** The authority asks the domain for the token, and is to get the answer. */
  challenge: { token: string; answer: string };
  /** When the authority was told to ask; null before. */
  askedAt: Date | null;
};

/** An own domain that a pod wants, and how far that has come. */
export type Domain = {
  podId: string;
  domain: string;
  route: string;
  /** The Route's platform host name. */
  target: string;
  /** What a TXT record has to say. It is the same whenever this pod wants this domain. */
  token: string;
  state: DomainState;
  reason: string | null;
  /** Since when the pod holds the domain; null while it does not. */
  verifiedAt: Date | null;
  unprovenSince: Date | null;
  attempts: number;
  /** Null: nothing is left to do. */
  nextAttemptAt: Date | null;
  certificate: KeptCertificate | null;
  /** Null when none is under way. */
  order: CertificateOrder | null;
};

/** What a step changes; what is left out stays. */
export type DomainChange = Partial<
  Pick<Domain, 'state' | 'reason' | 'unprovenSince' | 'attempts' | 'nextAttemptAt' | 'certificate' | 'order'>
>;

// A lock beside those on pods, whose names are UUIDs.
const LEADER_LOCK = 'domains';
const UNIQUE_VIOLATION = '23505';
const TOKEN_CHARACTERS = 40;
const NOW = sql<Date>`date_trunc('milliseconds', clock_timestamp())`;

/** Own domains of pods. */
export class Domains {
  readonly #db: Database;
  readonly #locks: PodLocks;

  constructor(db: Database, locks: PodLocks) {
    this.#db = db;
    this.#locks = locks;
  }

  /** A pod's own domains, by name. */
  async list(podId: string): Promise<Domain[]> {
    return loadDomains(this.#db, podId);
  }

  async find(podId: string, domain: string): Promise<Domain | null> {
    const row = await this.#db
      .selectFrom('domain')
      .selectAll()
      .where('pod_id', '=', podId)
      .where('domain', '=', domain)
      .executeTakeFirst();
    return row === undefined ? null : toDomain(row);
  }

  /** The platform host names of a pod's Routes, those of Routes that it had included: they are never another pod's. */
  async hostnamesOf(podId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('hostname_claim')
      .select('hostname')
      .where('pod_id', '=', podId)
      .execute();
    return rows.map((row) => row.hostname);
  }

  /** Those whose next attempt is due, those that have waited longest first. None of deleted pods. */
  async due(now: Date, limit: number): Promise<Domain[]> {
    const rows = await this.#db
      .selectFrom('domain')
      .innerJoin('pod', 'pod.id', 'domain.pod_id')
      .selectAll('domain')
      .where('pod.deleted_at', 'is', null)
      .where('next_attempt_at', '<=', now)
      .orderBy('next_attempt_at')
      .limit(limit)
      .execute();
    return rows.map(toDomain);
  }

  /** Does the work while no other server does it; else nothing. `signal` tells that the lock was lost. */
  asLeader<T>(work: (signal: AbortSignal) => Promise<T>): Promise<LockOutcome<T>> {
    return this.#locks.withLock(LEADER_LOCK, work);
  }

  /** Has a domain tried now. NOT_FOUND (ApiError) when the pod does not want it. */
  checkNow(podId: string, domain: string, actor: Actor): Promise<Domain> {
    return this.#changeFor(podId, domain, actor, () => ({ attempts: 0, next_attempt_at: NOW }));
  }

  /** Puts a certificate of the domain's owner in the place of any other. NOT_FOUND (ApiError), as `checkNow`. */
  setCertificate(
    podId: string,
    domain: string,
    certificate: Omit<KeptCertificate, 'issuer'>,
    actor: Actor,
  ): Promise<Domain> {
    return this.#changeFor(podId, domain, actor, (current) => ({
      ...certificateColumns({ ...certificate, issuer: 'own' }),
      ...orderColumns(null),
      state: current.verifiedAt === null ? 'waitingForDns' : 'active',
      reason: null,
      attempts: 0,
      next_attempt_at: NOW,
    }));
  }

  /** Takes the owner's certificate away; the platform gets one again. NOT_FOUND (ApiError) when there is none. */
  removeCertificate(podId: string, domain: string, actor: Actor): Promise<Domain> {
    return this.#changeFor(podId, domain, actor, (current) => {
      if (current.certificate?.issuer !== 'own') {
        throw new ApiError('NOT_FOUND', `${domain} has no certificate of your own.`);
      }
      return {
        ...certificateColumns(null),
        state: 'waitingForDns',
        reason: null,
        attempts: 0,
        next_attempt_at: NOW,
      };
    });
  }

  /**
   * Notes that DNS has proven the pod's control: from now on it holds the domain. False, and nothing is changed, when
   * another pod holds it or the pod does not want it any more.
   */
  async hold(podId: string, domain: string, now: Date): Promise<boolean> {
    try {
      const held = await this.#db
        .updateTable('domain')
        .set({ verified_at: sql<Date>`coalesce(verified_at, ${now})`, unproven_since: null })
        .where('pod_id', '=', podId)
        .where('domain', '=', domain)
        .returning('domain')
        .executeTakeFirst();
      return held !== undefined;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  /** Lets the domain go, so that whoever proves its control can have it; it is still wanted. */
  async letGo(podId: string, domain: string, change: { reason: string; nextAttemptAt: Date }): Promise<void> {
    await this.#db
      .updateTable('domain')
      .set({
        state: 'waitingForDns',
        verified_at: null,
        unproven_since: null,
        ...orderColumns(null),
        reason: change.reason,
        next_attempt_at: change.nextAttemptAt,
      })
      .where('pod_id', '=', podId)
      .where('domain', '=', domain)
      .execute();
  }

  /**
   * Keeps what a step on `before` came to. False, and nothing is changed, when the domain is not wanted any more or
   * somebody has changed it meanwhile: has asked for a check, or set a certificate.
   */
  async save(before: Domain, change: DomainChange): Promise<boolean> {
    const { state, reason, unprovenSince, attempts, nextAttemptAt, certificate, order } = change;
    const saved = await this.#db
      .updateTable('domain')
      .set({
        ...(state === undefined ? {} : { state }),
        ...(reason === undefined ? {} : { reason }),
        ...(unprovenSince === undefined ? {} : { unproven_since: unprovenSince }),
        ...(attempts === undefined ? {} : { attempts }),
        ...(nextAttemptAt === undefined ? {} : { next_attempt_at: nextAttemptAt }),
        ...(certificate === undefined ? {} : certificateColumns(certificate)),
        ...(order === undefined ? {} : orderColumns(order)),
      })
      .where('pod_id', '=', before.podId)
      .where('domain', '=', before.domain)
      .where(sql<boolean>`next_attempt_at is not distinct from ${before.nextAttemptAt}`)
      .returning('domain')
      .executeTakeFirst();
    return saved !== undefined;
  }

  #changeFor(
    podId: string,
    domain: string,
    actor: Actor,
    changeOf: (current: Domain) => object,
  ): Promise<Domain> {
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const current = await lockDomain(trx, podId, domain);
      if (current === null) {
        throw new ApiError('NOT_FOUND', `No Route of pod ${pod.name} names the domain ${domain}.`);
      }
      const row = await trx
        .updateTable('domain')
        .set(changeOf(current))
        .where('pod_id', '=', podId)
        .where('domain', '=', domain)
        .returningAll()
        .executeTakeFirstOrThrow();
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: domain });
      return toDomain(row);
    });
  }
}

/** As Domains.list, within what else is read at that moment. */
export async function loadDomains(db: Database, podId: string): Promise<Domain[]> {
  const rows = await db
    .selectFrom('domain')
    .selectAll()
    .where('pod_id', '=', podId)
    .orderBy('domain')
    .execute();
  return rows.map(toDomain);
}

async function lockDomain(trx: DatabaseTransaction, podId: string, domain: string): Promise<Domain | null> {
  const row = await trx
    .selectFrom('domain')
    .selectAll()
    .where('pod_id', '=', podId)
    .where('domain', '=', domain)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : toDomain(row);
}

function certificateColumns(certificate: KeptCertificate | null) {
  return {
    certificate_pem: certificate?.chainPem ?? null,
    key_sealed: certificate?.keySealed ?? null,
    issuer: certificate?.issuer ?? null,
    not_before: certificate?.notBefore ?? null,
    not_after: certificate?.notAfter ?? null,
  };
}

function orderColumns(order: CertificateOrder | null) {
  return {
    order_directory: order?.directory ?? null,
    order_url: order?.url ?? null,
    order_key_sealed: order?.keySealed ?? null,
    challenge_token: order?.challenge.token ?? null,
    challenge_answer: order?.challenge.answer ?? null,
    challenge_asked_at: order?.askedAt ?? null,
  };
}

function toDomain(row: Selectable<DomainTable>): Domain {
  return {
    podId: row.pod_id,
    domain: row.domain,
    route: row.route_name,
    target: row.target,
    token: tokenOf(row.pod_id, row.domain),
    state: row.state,
    reason: row.reason,
    verifiedAt: row.verified_at,
    unprovenSince: row.unproven_since,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    certificate: certificateOf(row),
    order: orderOf(row),
  };
}

function certificateOf(row: Selectable<DomainTable>): KeptCertificate | null {
  const { certificate_pem, key_sealed, issuer, not_before, not_after } = row;
  const isWhole = certificate_pem !== null && key_sealed !== null && issuer !== null;
  if (!isWhole || not_before === null || not_after === null) return null;
  return {
    chainPem: certificate_pem,
    keySealed: key_sealed,
    issuer,
    notBefore: not_before,
    notAfter: not_after,
  };
}

function orderOf(row: Selectable<DomainTable>): CertificateOrder | null {
  const { order_directory: directory, order_url: url, order_key_sealed: keySealed } = row;
  const { challenge_token: token, challenge_answer: answer, challenge_asked_at: askedAt } = row;
  const isWhole = directory !== null && url !== null && keySealed !== null;
  if (!isWhole || token === null || answer === null) return null;
  return { directory, url, keySealed, challenge: { token, answer }, askedAt };
}

/** Says which pod is meant. It is no secret: who can write it beside the domain has the domain's control. */
function tokenOf(podId: string, domain: string): string {
  return createHash('sha256').update(`${podId}/${domain}`).digest('hex').slice(0, TOKEN_CHARACTERS);
}
