import type { KeyPair } from '@brainpod/edge/certificate';
import { checkCertificate } from '@brainpod/edge/check-certificate';
import { type DnsQuestions, proveDomain } from '@brainpod/edge/domain-proof';
import { proofRecords } from '@brainpod/model/domain-state';
import type { Domain, DomainChange, Domains, KeptCertificate } from '@brainpod/store/domains';
import type { Logger } from 'pino';
import type { SealedDomainKeys } from './domain-keys.ts';
import { IssueFailure, type Issuer } from './issuer.ts';

export type StepDeps = {
  domains: Domains;
  dns: DnsQuestions;
  issuer: Issuer;
  keys: SealedDomainKeys;
  now: () => Date;
  /** From 0 to below 1. */
  random: () => number;
  logger: Logger;
};

const SECOND_MS = 1000;
const HOUR_MS = 60 * 60 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
/** How long a pod keeps a domain whose DNS proves nothing any more. */
export const GRACE_MS = 3 * DAY_MS;
const RECHECK_MS = 6 * HOUR_MS;
const UNPROVEN_RECHECK_MS = 10 * 60 * SECOND_MS;
const FIRST_RETRY_MS = 10 * SECOND_MS;
const LAST_RETRY_MS = HOUR_MS;
const UNSERVABLE_RETRY_MS = 15 * 60 * SECOND_MS;
const RENEWED_AT = 2 / 3;
const OWN_ENDS_SOON_MS = 14 * DAY_MS;

/**
 * Takes a domain as far as it comes now: asks DNS who has its control, then sees to its certificate. Begins from nothing
 * but what is kept, and keeps each thing it comes to, so that it can be broken off anywhere and done again.
 */
export async function stepDomain(deps: StepDeps, domain: Domain, signal: AbortSignal): Promise<void> {
  const { txt } = proofRecords(domain.domain, domain);
  const targets = [domain.target, ...(await deps.domains.hostnamesOf(domain.podId))];
  const proof = await proveDomain(deps.dns, domain.domain, { targets, txt });
  signal.throwIfAborted();
  if (proof.outcome === 'unproven') return unproven(deps, domain, proof.found);
  if (proof.outcome === 'unknown') {
    if (domain.verifiedAt !== null) return certify(deps, domain, signal);
    const reason = `DNS cannot be asked about ${domain.domain} at the moment (${proof.trouble}). It is asked again.`;
    return keep(deps, domain, { state: 'waitingForDns', reason, ...later(deps, domain) });
  }
  if (domain.verifiedAt === null || domain.unprovenSince !== null) {
    if (!(await deps.domains.hold(domain.podId, domain.domain, deps.now()))) {
      const reason = `Another pod has proven its control of ${domain.domain} and uses it. Remove it there first.`;
      return keep(deps, domain, { state: 'failed', reason, ...later(deps, domain) });
    }
  }
  return certify(deps, domain, signal);
}

/** DNS answered, and its answer says nothing of this pod. */
async function unproven(deps: StepDeps, domain: Domain, found: string): Promise<void> {
  const { cname, txt } = proofRecords(domain.domain, domain);
  const todo = `Set a CNAME record at ${cname.name} to ${cname.value}; or, where there can be none, a TXT record at ${txt.name} with ${txt.value}`;
  const now = deps.now();
  if (domain.verifiedAt === null) {
    const reason = `At the moment ${found}. ${todo}.`;
    return keep(deps, domain, { state: 'waitingForDns', reason, ...later(deps, domain) });
  }
  const since = domain.unprovenSince ?? now;
  const freeAt = new Date(since.getTime() + GRACE_MS);
  if (freeAt <= now) {
    const reason = `For too long ${found}, so the domain is free for whoever proves its control. ${todo}.`;
    await deps.domains.letGo(domain.podId, domain.domain, {
      reason,
      nextAttemptAt: soon(deps, UNPROVEN_RECHECK_MS),
    });
    return;
  }
  const reason = `DNS does not say any more that the domain is this pod's: ${found}. ${todo}; from ${freeAt.toISOString()} on it is free for others.`;
  const nextAttemptAt = soon(deps, UNPROVEN_RECHECK_MS);
  await keep(deps, domain, { unprovenSince: since, reason, nextAttemptAt });
}

/** The pod holds the domain: sees that it has a good certificate. */
async function certify(deps: StepDeps, domain: Domain, signal: AbortSignal): Promise<void> {
  const { certificate } = domain;
  if (certificate?.issuer === 'own') return keepOwn(deps, domain, certificate);
  if (certificate !== null && isGoodFor(certificate, deps)) {
    return keep(deps, domain, {
      state: 'active',
      reason: null,
      attempts: 0,
      order: null,
      ...whenToLook(deps, certificate),
    });
  }
  const serves = certificate !== null && certificate.notAfter > deps.now();
  try {
    const step = await deps.issuer.step(domain, signal);
    signal.throwIfAborted();
    if ('made' in step) return await replaceCertificate(deps, domain, step.made);
    const { order, state, reason, waitMs } = step;
    const nextAttemptAt = soon(deps, waitMs);
    await keep(deps, domain, { state: serves ? 'renewing' : state, reason, order, nextAttemptAt });
  } catch (error) {
    if (signal.aborted) throw error;
    await failed(deps, domain, { serves, error });
  }
}

/** What was made is served only when it was checked; until then the one before it is. */
async function replaceCertificate(deps: StepDeps, domain: Domain, made: KeyPair): Promise<void> {
  const { issuer, keys } = deps;
  const given = { chainPem: made.certPem, keyPem: made.keyPem };
  const checked = checkCertificate(given, domain.domain, deps.now());
  if (!checked.ok) {
    const faults = checked.faults.map(({ message }) => message).join(' ');
    // Each one counts against the platform there.
    const options = { retryAfterMs: UNSERVABLE_RETRY_MS };
    throw new IssueFailure(`What the certificate authority made cannot be served: ${faults}`, options);
  }
  const { chainPem, keyPem, notBefore, notAfter } = checked.certificate;
  const keySealed = keys.seal(domain.podId, domain.domain, keyPem);
  const certificate = { chainPem, keySealed, issuer: issuer.issuer, notBefore, notAfter };
  const next = { attempts: 0, order: null, certificate, ...whenToLook(deps, certificate) };
  await keep(deps, domain, { state: 'active', reason: null, ...next });
}

async function failed(
  deps: StepDeps,
  domain: Domain,
  { serves, error }: { serves: boolean; error: unknown },
): Promise<void> {
  const isKnown = error instanceof IssueFailure;
  if (!isKnown) deps.logger.error({ err: error, domain: domain.domain }, 'no certificate could be got');
  const reason = isKnown
    ? error.message
    : 'The certificate could not be got, for a reason of the platform. It is tried again.';
  const next = later(deps, domain);
  const askedFor = isKnown && error.retryAfterMs !== null ? soon(deps, error.retryAfterMs) : null;
  const nextAttemptAt = askedFor !== null && askedFor > next.nextAttemptAt ? askedFor : next.nextAttemptAt;
  const order = isKnown && !error.keepsOrder ? { order: null } : {};
  await keep(deps, domain, {
    ...next,
    ...order,
    nextAttemptAt,
    state: serves ? 'renewing' : 'failed',
    reason,
  });
}

/** The owner's certificate is served to its end; a new one is theirs to set. */
function keepOwn(deps: StepDeps, domain: Domain, { notAfter }: KeptCertificate): Promise<void> {
  const leftMs = notAfter.getTime() - deps.now().getTime();
  const todo = 'Set a new one, or remove it to have the platform get one.';
  const nextAttemptAt = soon(deps, RECHECK_MS);
  if (leftMs <= 0) {
    const reason = `Your certificate has ended on ${notAfter.toISOString()}. ${todo}`;
    return keep(deps, domain, { state: 'failed', reason, nextAttemptAt });
  }
  const reason =
    leftMs <= OWN_ENDS_SOON_MS ? `Your certificate ends on ${notAfter.toISOString()}. ${todo}` : null;
  return keep(deps, domain, { state: 'active', reason, attempts: 0, nextAttemptAt });
}

/** Made by whom certificates come from now, and not near its end. */
function isGoodFor(certificate: KeptCertificate, { issuer, now }: StepDeps): boolean {
  return certificate.issuer === issuer.issuer && now() < renewalOf(certificate);
}

function renewalOf({ notBefore, notAfter }: KeptCertificate): Date {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return new Date(notBefore.getTime() + lifeMs * RENEWED_AT);
}

/** At the next look at DNS or when the certificate is to be renewed; each domain at a moment of its own. */
function whenToLook(deps: StepDeps, certificate: KeptCertificate): { nextAttemptAt: Date } {
  const lifeMs = certificate.notAfter.getTime() - certificate.notBefore.getTime();
  const renewal = new Date(renewalOf(certificate).getTime() + (deps.random() * lifeMs) / 20);
  const look = soon(deps, RECHECK_MS);
  return { nextAttemptAt: renewal < look ? renewal : look };
}

/** The next try after one that came to nothing: each time later, up to an hour. */
function later(deps: StepDeps, { attempts }: Domain): { attempts: number; nextAttemptAt: Date } {
  const pauseMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 1.5 ** Math.min(attempts, 30));
  return { attempts: attempts + 1, nextAttemptAt: soon(deps, pauseMs) };
}

/** After so long and up to a fifth more, so that not all come at once. */
function soon({ now, random }: StepDeps, ms: number): Date {
  return new Date(now().getTime() + Math.round(ms * (1 + random() / 5)));
}

/** What somebody asked for meanwhile counts more than what this step came to: it is done again from there. */
async function keep({ domains }: StepDeps, before: Domain, change: DomainChange): Promise<void> {
  await domains.save(before, change);
}
