import type { ResourceInput } from '@brainpod/model/document';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Domain, KeptCertificate } from './domains.ts';
import type { PodRecord } from './pods.ts';

const RULES = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = new Date();

let at: TestStore;
let pod: PodRecord;

beforeAll(async () => {
  at = await openTestStore();
});
afterAll(() => at.store.close());
beforeEach(async () => {
  pod = await newPod();
});

function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  return at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
}

async function write(...documents: ResourceInput[]): Promise<void> {
  const result = await at.store.drafts.write(pod.id, { type: 'create', documents }, RULES);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
}

/** A domain of this test alone that the pod wants. */
async function wanted(label = 'www'): Promise<Domain> {
  const domain = `${label}.${pod.name}.example.com`;
  await write(sampleApp(label), sampleRoute(label, { domains: [domain] }));
  return read(domain);
}

async function read(domain: string): Promise<Domain> {
  const found = await at.store.domains.find(pod.id, domain);
  if (found === null) throw new Error(`${domain} is not there`);
  return found;
}

function certificate(issuer: KeptCertificate['issuer'] = 'acme'): KeptCertificate {
  return {
    chainPem: 'a chain',
    keySealed: Buffer.from('a sealed key'),
    issuer,
    notBefore: NOW,
    notAfter: new Date(NOW.getTime() + 90 * DAY_MS),
  };
}

async function isDue({ domain }: Domain, now = new Date()): Promise<boolean> {
  return (await at.store.domains.due(now, 100)).some((due) => due.podId === pod.id && due.domain === domain);
}

describe('a domain that is wanted', () => {
  test('waits for DNS, is due at once and says which record is missing', async () => {
    const domain = await wanted();
    expect(domain).toMatchObject({
      route: 'www',
      target: `www-${pod.name}.example.test`,
      state: 'waitingForDns',
      verifiedAt: null,
      certificate: null,
      token: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(await isDue(domain, new Date(Date.now() + 1000))).toBe(true);
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect(await isDue(domain, new Date(Date.now() + 1000))).toBe(false);
  });

  test('keeps its proof and its certificate when another Route of the pod takes it', async () => {
    const { domain } = await wanted();
    await at.store.domains.hold(pod.id, domain, NOW);
    const held = await read(domain);
    expect(await at.store.domains.save(held, { state: 'active', certificate: certificate() })).toBe(true);
    await at.store.drafts.write(pod.id, { type: 'replace', document: sampleRoute('www') }, RULES);
    expect(await at.store.domains.find(pod.id, domain)).toBeNull();

    await at.store.drafts.write(
      pod.id,
      { type: 'replace', document: sampleRoute('www', { domains: [domain] }) },
      RULES,
    );
    // Wanted anew: the same token, and nothing of what was.
    expect(await read(domain)).toMatchObject({ token: held.token, verifiedAt: null, certificate: null });
    await at.store.domains.hold(pod.id, domain, NOW);
    const other = sampleRoute('other', { domains: [domain] });
    await write(sampleApp('other'), other);
    expect(await read(domain)).toMatchObject({ route: 'other', verifiedAt: NOW });
  });

  test('is held by the first that proves it, and by the next when that lets it go', async () => {
    const mine = await wanted();
    const { domain } = mine;
    const first = pod;
    pod = await newPod();
    await write(sampleApp(), sampleRoute('web', { domains: [domain] }));
    expect((await read(domain)).token).not.toBe(mine.token);
    expect(await at.store.domains.hold(first.id, domain, NOW)).toBe(true);
    expect(await at.store.domains.hold(pod.id, domain, NOW)).toBe(false);
    const nextAttemptAt = new Date(NOW.getTime() + DAY_MS);
    await at.store.domains.letGo(first.id, domain, { reason: 'DNS leads elsewhere.', nextAttemptAt });
    expect(await at.store.domains.hold(pod.id, domain, NOW)).toBe(true);
    expect(await at.store.domains.find(first.id, domain)).toMatchObject({
      state: 'waitingForDns',
      reason: 'DNS leads elsewhere.',
      nextAttemptAt,
    });
  });

  test('is not held by a pod that does not want it', async () => {
    expect(await at.store.domains.hold(pod.id, 'stranger.example.com', NOW)).toBe(false);
  });
});

describe('what a step came to', () => {
  test('is dropped when somebody asked for something else meanwhile', async () => {
    const before = await wanted();
    await at.store.domains.checkNow(pod.id, before.domain, TEST_ACTOR);
    expect(await at.store.domains.save(before, { state: 'failed', reason: 'old' })).toBe(false);
    expect(await read(before.domain)).toMatchObject({ state: 'waitingForDns', reason: null });
    const fresh = await read(before.domain);
    const nextAttemptAt = new Date(NOW.getTime() + DAY_MS);
    expect(await at.store.domains.save(fresh, { attempts: 3, reason: 'new', nextAttemptAt })).toBe(true);
    expect(await isDue(fresh)).toBe(false);
    expect(await at.store.domains.checkNow(pod.id, before.domain, TEST_ACTOR)).toMatchObject({ attempts: 0 });
    expect(await isDue(fresh)).toBe(true);
  });

  test('is told to those who keep the pod when another certificate is to be served', async () => {
    const before = await wanted();
    await at.store.domains.hold(pod.id, before.domain, NOW);
    const heard = new Promise<void>((resolve) => {
      const end = at.store.onPodChanged((podId) => {
        if (podId !== pod.id) return;
        end();
        resolve();
      });
    });
    await at.store.domains.save(before, { state: 'active', certificate: certificate() });
    await heard;
    expect((await at.store.reconciler.loadPod(pod.id))?.domains).toMatchObject([
      { domain: before.domain, certificate: { chainPem: 'a chain' } },
    ]);
  });
});

describe("the owner's certificate", () => {
  test('takes the place of any other, and gives it back', async () => {
    const { domain } = await wanted();
    await at.store.domains.hold(pod.id, domain, NOW);
    const own = { ...certificate('own'), chainPem: 'my chain' };
    const set = await at.store.domains.setCertificate(pod.id, domain, own, TEST_ACTOR);
    expect(set).toMatchObject({ state: 'active', certificate: { issuer: 'own', chainPem: 'my chain' } });
    const removed = await at.store.domains.removeCertificate(pod.id, domain, TEST_ACTOR);
    expect(removed).toMatchObject({ state: 'waitingForDns', certificate: null, verifiedAt: NOW });
    await expect(at.store.domains.removeCertificate(pod.id, domain, TEST_ACTOR)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const { items } = await at.store.audit.list({ podId: pod.id }, { limit: 2 });
    expect(items.map(({ target }) => target)).toEqual([domain, domain]);
  });

  test('can be set before DNS leads here, and is for a domain that the pod wants', async () => {
    const { domain } = await wanted();
    const own = certificate('own');
    expect(await at.store.domains.setCertificate(pod.id, domain, own, TEST_ACTOR)).toMatchObject({
      state: 'waitingForDns',
      verifiedAt: null,
    });
    const foreign = at.store.domains.setCertificate(pod.id, 'not.example.com', own, TEST_ACTOR);
    await expect(foreign).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

test('one server at a time does the work', async () => {
  const outcome = await at.store.domains.asLeader(() => at.store.domains.asLeader(() => Promise.resolve(1)));
  expect(outcome).toEqual({ held: true, value: { held: false } });
});
