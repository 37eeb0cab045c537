import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { challengePath } from '@brainpod/model/challenge-path';
import type { Domain } from '@brainpod/store/domains';
import type { PodRecord } from '@brainpod/store/pods';
import { TestDns } from '@brainpod/testkit/dns-server';
import { Pebble } from '@brainpod/testkit/pebble';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ACME_ACCOUNTS, TextSealer } from '../sealed-text.ts';
import { type AcmeParts, acmeIssuer } from './acme-issuer.ts';
import { SealedDomainKeys } from './domain-keys.ts';
import { stepDomain } from './domain-step.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const RULES = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
const ALWAYS = new AbortController().signal;
const MASTER_KEY = Buffer.alloc(32, 7);
const logger = pino({ level: 'silent' });
const keys = new SealedDomainKeys(MASTER_KEY, logger);

let at: TestStore;
let edge: Edge;
let dns: TestDns;
let pebble: Pebble;
let pod: PodRecord;
/** The test's clock goes with that of the authority, and is ahead of it as a test says. */
let aheadMs: number;
const now = () => new Date(Date.now() + aheadMs);

/** What stands where the edge does: it answers what the store says is to be answered. */
class Edge {
  /** Whom it answers what it is to answer. */
  answers: 'all' | 'us alone' | 'nobody' = 'all';
  readonly asked: string[] = [];
  readonly #server: Server;

  constructor(domains: () => Promise<Domain[]>) {
    this.#server = createServer(async ({ url = '', headers }, response) => {
      this.asked.push(`${headers.host}${url}`);
      const found = (await domains()).find(
        ({ domain, order }) =>
          domain === headers.host?.split(':')[0] && url === challengePath(order?.challenge.token ?? ''),
      );
      const isAnswered =
        this.answers === 'all' || (this.answers === 'us alone' && headers['user-agent'] === 'brainpod');
      const answer = isAnswered ? found?.order?.challenge.answer : undefined;
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    // A server that listens on a port has an address with one.
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

beforeAll(async () => {
  at = await openTestStore();
});
afterAll(() => at.store.close());
beforeEach(async () => {
  dns = await TestDns.open();
  aheadMs = 0;
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  pod = await at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
  edge = new Edge(() => at.store.domains.list(pod.id));
  const httpPort = await edge.listen();
  pebble = await Pebble.start({ httpPort, dnsServer: dns.address });
  parts = { ...parts, directory: pebble.directory, ca: pebble.caPem, challengePort: httpPort };
  onTestFinished(async () => {
    edge.close();
    await pebble.remove();
  });
});

let parts: AcmeParts;
beforeAll(() => {
  parts = {
    ...{ directory: '', email: 'operator@example.com', ca: null },
    accounts: at.store.acmeAccounts,
    accountKeys: new TextSealer(MASTER_KEY, ACME_ACCOUNTS),
    keys,
    dns: { resolve4: () => resolver().resolve4(name()), resolve6: () => Promise.resolve([]) },
    now,
    logger,
  };
});

const name = () => `www.${pod.name}.example.com`;

function resolver(): Resolver {
  const made = new Resolver({ timeout: 1000, tries: 1 });
  made.setServers([dns.address]);
  return made;
}

async function read(): Promise<Domain> {
  const found = await at.store.domains.find(pod.id, name());
  if (found === null) throw new Error('the domain is not there');
  return found;
}

/** A domain that leads to the edge, with a proof that it is the pod's. */
async function wanted(): Promise<Domain> {
  const documents = [sampleApp(), sampleRoute('web', { domains: [name()] })];
  const result = await at.store.drafts.write(pod.id, { type: 'create', documents }, RULES);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const domain = await read();
  dns.set('CNAME', domain.domain, domain.target);
  dns.set('A', domain.domain, '127.0.0.1');
  return domain;
}

async function step(): Promise<Domain> {
  const { domains } = at.store;
  const issuer = acmeIssuer(parts);
  await stepDomain(
    { domains, dns: resolver(), issuer, keys, now, random: () => 0, logger },
    await read(),
    ALWAYS,
  );
  return read();
}

/** Steps until the domain is as it is asked for; returns the states that it went through. */
async function stepUntil(isDone: (domain: Domain) => boolean): Promise<string[]> {
  const states: string[] = [];
  const reasons = new Set<string>();
  for (let count = 0; count < 60; count++) {
    const domain = await step();
    if (states.at(-1) !== domain.state) states.push(domain.state);
    if (domain.reason !== null) reasons.add(domain.reason);
    if (isDone(domain)) return states;
    // Pebble works on its own, outside the clock of the test.
    await delay(50);
  }
  throw new Error(`${states.join()}: ${[...reasons].join(' ')}\n${pebble.log.slice(-3000)}`);
}

const isActive = ({ state }: Domain) => state === 'active';

describe('a certificate from an ACME authority that refuses every third nonce', () => {
  test('is got step by step, for an account that is made once', async () => {
    await wanted();
    expect(await step()).toMatchObject({ state: 'verifying', reason: null, order: { askedAt: null } });
    expect(edge.asked).toEqual([]);
    const states = await stepUntil(isActive);
    expect(states.every((state) => ['verifying', 'issuing', 'active'].includes(state))).toBe(true);
    const { certificate, order } = await read();
    if (certificate === null) throw new Error('there is no certificate');
    expect(order).toBeNull();
    expect(certificate.issuer).toBe('acme');
    const leaf = new X509Certificate(certificate.chainPem);
    expect(leaf.subjectAltName).toBe(`DNS:${name()}`);
    expect(leaf.issuer).toContain('Pebble Intermediate');
    expect(certificate.chainPem.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(1);
    // Asked from here first, and then by the authority.
    expect(edge.asked.length).toBeGreaterThanOrEqual(2);

    const account = await parts.accounts.find(pebble.directory);
    expect(account?.url).toContain('/my-account/');
    expect(account?.keySealed.toString('latin1')).not.toContain('PRIVATE KEY');
    aheadMs = 80 * DAY_MS;
    // In the last third of its life: it is renewed, and served meanwhile.
    expect(await stepUntil(({ state, order: next }) => state === 'active' && next === null)).toEqual([
      'renewing',
      'active',
    ]);
    expect((await read()).certificate?.chainPem).not.toBe(certificate.chainPem);
    expect(await parts.accounts.find(pebble.directory)).toEqual(account);
  });

  test('is not asked for before the domain leads here, and says what to do', async () => {
    await wanted();
    edge.answers = 'nobody';
    await step();
    const waiting = await step();
    expect(waiting).toMatchObject({ state: 'verifying', order: { askedAt: null } });
    expect(waiting.reason).toContain(`http://${name()}/ does not lead to this platform yet`);
    aheadMs += DAY_MS;
    const later = await step();
    expect(later).toMatchObject({ state: 'verifying', order: { url: waiting.order?.url } });
    expect((later.nextAttemptAt?.getTime() ?? 0) - now().getTime()).toBeGreaterThan(5 * 60_000);
    edge.answers = 'all';
    await stepUntil(isActive);
  });

  test('that the authority refuses is asked for again after a while, and its words are told', async () => {
    await wanted();
    edge.answers = 'us alone';
    await stepUntil(({ state }) => state === 'failed');
    const { reason, nextAttemptAt, order } = await read();
    expect(order).toBeNull();
    expect(reason).toContain(`The certificate authority asked ${name()} and was not convinced: `);
    expect(reason).toContain('404');
    expect((nextAttemptAt?.getTime() ?? 0) - now().getTime()).toBeGreaterThan(14 * 60_000);
    edge.answers = 'all';
    await stepUntil(isActive);
  });

  test('that has forgotten the account and the order is asked anew', async () => {
    await wanted();
    await step();
    const account = await parts.accounts.find(pebble.directory);
    await pebble.down();
    await pebble.up();
    expect(await step()).toMatchObject({ state: 'failed', order: null });
    await stepUntil(isActive);
    const next = await parts.accounts.find(pebble.directory);
    expect(next?.keySealed).toEqual(account?.keySealed);
    expect(next?.url).toContain('/my-account/');
  });

  test('goes on with a new account where the master key is another', async () => {
    await wanted();
    await step();
    parts = { ...parts, accountKeys: new TextSealer(Buffer.alloc(32, 8), ACME_ACCOUNTS) };
    await stepUntil(isActive);
  });

  test('that is away is waited for, with what was ordered', async () => {
    await wanted();
    const { order } = await step();
    await pebble.down();
    const away = await step();
    expect(away).toMatchObject({ state: 'failed', order: { url: order?.url } });
    expect(away.reason).toContain('cannot be asked at the moment');
  });
});
