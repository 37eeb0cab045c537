import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { createAuthority, issueFor, type KeyPair } from '@brainpod/edge/certificate';
import { proofRecords } from '@brainpod/model/domain-state';
import type { Domain } from '@brainpod/store/domains';
import type { PodRecord } from '@brainpod/store/pods';
import { TestDns } from '@brainpod/testkit/dns-server';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SealedDomainKeys } from './domain-keys.ts';
import { GRACE_MS, stepDomain } from './domain-step.ts';
import { workOnDomains } from './domain-worker.ts';
import { IssueFailure, type Issuer } from './issuer.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const RULES = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
const ALWAYS = new AbortController().signal;
const keys = new SealedDomainKeys(Buffer.alloc(32, 7), pino({ level: 'silent' }));

let at: TestStore;
let authority: KeyPair;
let dns: TestDns;
let pod: PodRecord;
let now: Date;
let issuer: Issuer;
let issued: string[];

beforeAll(async () => {
  at = await openTestStore();
  authority = await createAuthority('example.test', new Date());
});
afterAll(() => at.store.close());
beforeEach(async () => {
  dns = await TestDns.open();
  now = new Date();
  issued = [];
  issuer = {
    issuer: 'local',
    step: async ({ domain }) => {
      issued.push(domain);
      return { made: await issueFor(authority, domain, now) };
    },
  };
  pod = await newPod();
});

function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  return at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
}

async function wanted(domain: string, of = pod): Promise<Domain> {
  const documents = [sampleApp(), sampleRoute('web', { domains: [domain] })];
  const result = await at.store.drafts.write(of.id, { type: 'create', documents }, RULES);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return read(domain, of);
}

async function read(domain: string, of = pod): Promise<Domain> {
  const found = await at.store.domains.find(of.id, domain);
  if (found === null) throw new Error(`${domain} is not there`);
  return found;
}

function deps() {
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([dns.address]);
  const logger = pino({ level: 'silent' });
  const { domains } = at.store;
  return { domains, dns: resolver, issuer, keys, now: () => now, random: () => 0, logger };
}

async function step(domain: string, of = pod): Promise<Domain> {
  await stepDomain(deps(), await read(domain, of), ALWAYS);
  return read(domain, of);
}

async function active(domain: string): Promise<Domain> {
  const { target } = await wanted(domain);
  dns.set('CNAME', domain, target);
  const result = await step(domain);
  expect(result).toMatchObject({ state: 'active', reason: null });
  return result;
}

const name = () => `www.${pod.name}.example.com`;

describe('a domain', () => {
  test('waits for DNS and says what to set, longer each time', async () => {
    const { domain, target, token } = await wanted(name());
    const first = await step(domain);
    expect(first).toMatchObject({ state: 'waitingForDns', verifiedAt: null, attempts: 1 });
    for (const part of [`no CNAME`, target, `_brainpod.${domain}`, `brainpod=${token}`]) {
      expect(first.reason).toContain(part);
    }
    dns.set('CNAME', domain, 'elsewhere.example.net');
    dns.set('TXT', `_brainpod.${domain}`, 'brainpod=another');
    const second = await step(domain);
    expect(second.reason).toContain('leads to elsewhere.example.net, and the TXT record says something else');
    expect((second.nextAttemptAt?.getTime() ?? 0) - now.getTime()).toBeGreaterThan(
      (first.nextAttemptAt?.getTime() ?? 0) - now.getTime(),
    );
    expect(issued).toEqual([]);
  });

  test('is active when a chain of CNAMEs leads to its Route', async () => {
    const { domain, target } = await wanted(name());
    dns.set('CNAME', domain, 'cdn.example.net');
    dns.set('CNAME', 'cdn.example.net', target);
    const { certificate, verifiedAt } = await step(domain);
    expect(verifiedAt).toEqual(now);
    if (certificate === null) throw new Error('there is no certificate');
    const key = keys.open(pod.id, domain, certificate.keySealed);
    expect(key).toContain('PRIVATE KEY');
    expect(keys.open(pod.id, 'other.example.com', certificate.keySealed)).toBeNull();
    expect(new X509Certificate(certificate.chainPem).subjectAltName).toBe(`DNS:${domain}`);
    expect(certificate.notAfter.getTime()).toBe(
      new X509Certificate(certificate.chainPem).validToDate.getTime(),
    );
  });

  test('is active by a TXT record alone, as at the top of a zone', async () => {
    const domain = `${pod.name}.com`;
    const { txt } = proofRecords(domain, await wanted(domain));
    dns.set('TXT', txt.name, txt.value);
    expect(await step(domain)).toMatchObject({ state: 'active' });
  });

  test('is not given to a pod because another one proved it', async () => {
    const domain = name();
    const other = await newPod();
    await wanted(domain, other);
    await active(domain);
    expect(await step(domain, other)).toMatchObject({ state: 'waitingForDns', verifiedAt: null });
    // The other one's proof, beside the holder's.
    const { txt } = proofRecords(domain, await read(domain, other));
    dns.set('TXT', txt.name, txt.value);
    expect(await step(domain, other)).toMatchObject({
      state: 'failed',
      verifiedAt: null,
      certificate: null,
      reason: expect.stringContaining('Another pod'),
    });
  });

  test('says nothing against anybody while DNS does not answer', async () => {
    const domain = name();
    const { certificate } = await active(domain);
    dns.isBroken = true;
    now = new Date(now.getTime() + 2 * GRACE_MS);
    expect(await step(domain)).toMatchObject({ state: 'active', unprovenSince: null, certificate });
    const waiting = `x.${name()}`;
    const app = [sampleApp('x'), sampleRoute('x', { domains: [waiting] })];
    await at.store.drafts.write(pod.id, { type: 'create', documents: app }, RULES);
    expect(await step(waiting)).toMatchObject({
      state: 'waitingForDns',
      reason: expect.stringContaining('cannot be asked'),
    });
  });

  test('is kept for three days without a proof, then free for whoever has one', async () => {
    const domain = name();
    const other = await newPod();
    await wanted(domain, other);
    const { certificate } = await active(domain);
    dns.clear();
    const { txt } = proofRecords(domain, await read(domain, other));
    dns.set('TXT', txt.name, txt.value);
    const unproven = await step(domain);
    expect(unproven).toMatchObject({ state: 'active', unprovenSince: now, certificate });
    expect(unproven.reason).toContain('free for others');
    now = new Date(now.getTime() + GRACE_MS - 1);
    expect(await step(domain)).toMatchObject({ state: 'active', certificate });
    expect(await step(domain, other)).toMatchObject({ state: 'failed' });
    now = new Date(now.getTime() + 1);
    expect(await step(domain)).toMatchObject({ state: 'waitingForDns', verifiedAt: null });
    expect(await step(domain, other)).toMatchObject({ state: 'active', verifiedAt: now });
  });

  test('is proven again within that time, and nothing happened', async () => {
    const domain = name();
    const { certificate, target, verifiedAt } = await active(domain);
    dns.clear();
    await step(domain);
    dns.set('CNAME', domain, target);
    expect(await step(domain)).toMatchObject({
      state: 'active',
      reason: null,
      unprovenSince: null,
      verifiedAt,
      certificate,
    });
  });
});

describe('a certificate', () => {
  test('is renewed at two thirds of its life, and not before', async () => {
    const domain = name();
    const { certificate } = await active(domain);
    const bornMs = certificate?.notBefore.getTime() ?? 0;
    const lifeMs = (certificate?.notAfter.getTime() ?? 0) - bornMs;
    now = new Date(bornMs + (lifeMs * 2) / 3 - 1000);
    const before = await step(domain);
    expect(before).toMatchObject({ state: 'active', certificate });
    expect(before.nextAttemptAt?.getTime()).toBe(Math.round(bornMs + (lifeMs * 2) / 3));
    now = new Date(bornMs + (lifeMs * 2) / 3);
    const after = await step(domain);
    expect(after.state).toBe('active');
    expect(after.certificate?.chainPem).not.toBe(certificate?.chainPem);
    expect(issued).toEqual([domain, domain]);
  });

  test('stays while the next one cannot be got, is for another name, or ends at once', async () => {
    const domain = name();
    const { certificate } = await active(domain);
    now = new Date(now.getTime() + 65 * DAY_MS);
    const good = issuer;
    issuer = { ...good, step: () => Promise.reject(new IssueFailure('The authority is away.')) };
    expect(await step(domain)).toMatchObject({
      state: 'renewing',
      reason: 'The authority is away.',
      certificate,
    });
    issuer = { ...good, step: async () => ({ made: await issueFor(authority, 'other.example.com', now) }) };
    expect(await step(domain)).toMatchObject({
      state: 'renewing',
      reason: expect.stringContaining(`Is not for ${domain}.`),
      certificate,
    });
    issuer = {
      ...good,
      step: async () => ({ made: await issueFor(authority, domain, new Date(now.getTime() - 100 * DAY_MS)) }),
    };
    expect(await step(domain)).toMatchObject({ state: 'renewing', certificate });
    issuer = {
      ...good,
      step: async () => ({
        made: {
          certPem: (await issueFor(authority, domain, now)).certPem,
          keyPem: (await issueFor(authority, domain, now)).keyPem,
        },
      }),
    };
    expect(await step(domain)).toMatchObject({
      state: 'renewing',
      reason: expect.stringContaining('Does not belong'),
      certificate,
    });
    issuer = good;
    expect(await step(domain)).toMatchObject({ state: 'active', reason: null, attempts: 0 });
  });

  test('is asked for no sooner than the authority says, and a bug is not shown to people', async () => {
    const { domain, target } = await wanted(name());
    dns.set('CNAME', domain, target);
    const good = issuer;
    const retryAfterMs = 7 * DAY_MS;
    issuer = { ...good, step: () => Promise.reject(new IssueFailure('Too many.', { retryAfterMs })) };
    const limited = await step(domain);
    expect(limited).toMatchObject({ state: 'failed', reason: 'Too many.', certificate: null });
    expect(limited.nextAttemptAt).toEqual(new Date(now.getTime() + retryAfterMs));
    issuer = { ...good, step: () => Promise.reject(new Error('secret detail')) };
    const broken = await step(domain);
    expect(broken.state).toBe('failed');
    expect(broken.reason).not.toContain('secret detail');
  });

  test("of the owner's is never replaced, and its end is told", async () => {
    const { domain, target } = await wanted(name());
    dns.set('CNAME', domain, target);
    const { certPem, keyPem } = await issueFor(authority, domain, now);
    const certificate = {
      chainPem: certPem,
      keySealed: keys.seal(pod.id, domain, keyPem),
      notBefore: now,
      notAfter: new Date(now.getTime() + 30 * DAY_MS),
    };
    await at.store.domains.setCertificate(pod.id, domain, certificate, TEST_ACTOR);
    expect(await step(domain)).toMatchObject({ state: 'active', reason: null });
    now = new Date(now.getTime() + 20 * DAY_MS);
    expect(await step(domain)).toMatchObject({ state: 'active', reason: expect.stringContaining('ends on') });
    now = new Date(now.getTime() + 20 * DAY_MS);
    expect(await step(domain)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('has ended'),
    });
    expect(issued).toEqual([]);
    await at.store.domains.removeCertificate(pod.id, domain, TEST_ACTOR);
    expect(await step(domain)).toMatchObject({ state: 'active', certificate: { issuer: 'local' } });
  });
});

describe('the worker', () => {
  const withClock = () => ({ ...deps(), now: () => new Date() });
  const becomes = (domain: string, state: string, of = pod) =>
    waitFor(async () => (await read(domain, of)).state === state, { timeoutMs: 20_000, what: state });

  test('that is broken off in the middle is followed by one that goes on with what was ordered', async () => {
    const { domain, target } = await wanted(name());
    dns.set('CNAME', domain, target);
    const order = {
      directory: 'https://authority.example/directory',
      url: 'https://authority.example/order/1',
      keySealed: Buffer.of(1),
      challenge: { token: 'a-token', answer: 'a-token.thumbprint' },
      askedAt: null,
    };
    const killed = new AbortController();
    const begun = Promise.withResolvers<void>();
    issuer = {
      issuer: 'acme',
      step: (asked, signal) => {
        if (asked.domain !== domain) return Promise.reject(new IssueFailure('Not now.'));
        if (asked.order === null) {
          return Promise.resolve({ order, state: 'issuing', reason: null, waitMs: 0 });
        }
        begun.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('killed')));
        });
      },
    };
    const first = workOnDomains(killed.signal, withClock());
    await begun.promise;
    killed.abort();
    await first;
    expect(await read(domain)).toMatchObject({ state: 'issuing', certificate: null, order });
    const gone: unknown[] = [];
    issuer = {
      issuer: 'acme',
      step: async (asked) => {
        gone.push(asked.order);
        return { made: await issueFor(authority, asked.domain, now) };
      },
    };
    const stopping = new AbortController();
    const second = workOnDomains(stopping.signal, withClock());
    await becomes(domain, 'active');
    stopping.abort();
    await second;
    expect(gone).toContainEqual(order);
    expect(await read(domain)).toMatchObject({ order: null, certificate: { issuer: 'acme' } });
  });

  test('holds up no domain for another whose turn takes long', async () => {
    const slow = await wanted(name());
    dns.set('CNAME', slow.domain, slow.target);
    const other = await newPod();
    const quick = await wanted(`www.${other.name}.example.com`, other);
    dns.set('CNAME', quick.domain, quick.target);
    const good = issuer;
    const begun = Promise.withResolvers<void>();
    issuer = {
      ...good,
      step: (asked, signal) => {
        if (asked.domain !== slow.domain) return good.step(asked, signal);
        begun.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        });
      },
    };
    const stopping = new AbortController();
    const working = workOnDomains(stopping.signal, withClock());
    await begun.promise;
    await becomes(quick.domain, 'active', other);
    stopping.abort();
    await working;
    expect(await read(slow.domain)).toMatchObject({ certificate: null });
  });
});
