import type { AccessRecord } from '@brainpod/edge/access-log/access-record';
import type { ResourceInput } from '@brainpod/model/document';
import type { PodRecord } from '@brainpod/store/pods';
import type { EdgeCount } from '@brainpod/store/request-records';
import type { Store } from '@brainpod/store/store';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { RequestRecorder } from './request-recorder.ts';

let at: TestStore;
beforeAll(async () => {
  at = await openTestStore();
});
afterAll(() => at.store.close());

async function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  return at.store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
}

async function deployChange(pod: PodRecord, ...documents: ResourceInput[]): Promise<void> {
  const { store } = at;
  const rules = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
  const isNew = pod.deployed === null && documents.length > 1;
  for (const change of isNew
    ? [{ type: 'create' as const, documents }]
    : documents.map((document) => ({ type: 'replace' as const, document }))) {
    const written = await store.drafts.write(pod.id, change, rules);
    if (!written.ok) throw new Error(JSON.stringify(written.faults));
  }
  const result = await store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  await store.reconciler.markReady(result.revisionId, 'sum');
  await store.reconciler.markDeployed(result.revisionId);
}

function routeNameIn(pod: PodRecord, route = 'web'): string {
  return `httproute/bp-${pod.name}/${route}-0123456789/rule/0/match/0/web_example_test`;
}

/** Deploys an App with a Route; gives the name that Envoy has for the way to it. */
async function deploy(pod: PodRecord): Promise<string> {
  await deployChange(pod, sampleApp(), sampleRoute());
  return routeNameIn(pod);
}

function record(routeName: string, path: string, changes: Partial<AccessRecord> = {}): AccessRecord {
  return {
    startMs: Date.now(),
    durationMs: 2,
    routeName,
    method: 'GET',
    authority: 'somebody-elses.example.test',
    path,
    userAgent: '',
    requestId: '',
    protocol: 'HTTP/2',
    status: 200,
    responseFlags: '',
    bytesSent: 0,
    bytesReceived: 0,
    upstreamHost: '',
    clientIp: '',
    ...changes,
  };
}

function running(store: Store = at.store, readEdge: () => Promise<EdgeCount | null> = async () => null) {
  const recorder = new RequestRecorder({ store, logger: pino({ level: 'silent' }), readEdge });
  const stopping = new AbortController();
  const run = recorder.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await run;
  };
  onTestFinished(stop);
  return { recorder, stop };
}

async function storedPaths(pod: PodRecord): Promise<string[]> {
  const filter = { podId: pod.id, route: 'web', fromMs: 0, matches: () => true };
  const { events } = await at.store.httpAccess.page(filter, { limit: 10_000 });
  return events.map(({ path }) => path).reverse();
}

async function metricsOf(pod: PodRecord, app = 'web') {
  const from = new Date(Date.now() - 3_600_000);
  const to = new Date(Date.now() + 60_000);
  const sums = await at.store.requestMetrics.read({
    podId: pod.id,
    of: { app },
    from,
    to,
    stepSeconds: 7200,
  });
  const add = (pick: (sum: (typeof sums)[number]) => number) => sums.reduce((all, sum) => all + pick(sum), 0);
  return {
    requests: add(({ requests }) => requests),
    errors: add(({ errors }) => errors),
    revisions: [...new Set(sums.map(({ revision }) => revision))],
  };
}

test('requests are of the pod whose route the edge found, whatever Host they name', async () => {
  const [pod, other] = [await newPod(), await newPod()];
  const [name, otherName] = [await deploy(pod), await deploy(other)];
  const { recorder, stop } = running();
  recorder.take([record(name, '/1'), record(otherName, '/other'), record(name, '/2')]);
  recorder.take([record('', '/nobody'), record('httproute/envoy/redirect/rule/0', '/http')]);
  recorder.take([record('httproute/bp-not-there/web/rule/0/match/0', '/gone')]);
  await stop();
  expect(await storedPaths(pod)).toEqual(['/1', '/2']);
  expect(await storedPaths(other)).toEqual(['/other']);
  expect(recorder.counts).toEqual({ received: 6, stored: 3, withoutRoute: 3, dropped: 0, lost: null });
});

test('requests to a Route that went live a moment ago, and with each revision, are told apart', async () => {
  const pod = await newPod();
  const { recorder, stop } = running();
  const name = await deploy(pod);
  recorder.take([record(name, '/first')]);
  await waitFor(async () => (await storedPaths(pod)).length === 1, { timeoutMs: 10_000, what: 'the first' });
  const next = { ...sampleApp(), spec: { ...sampleApp().spec, replicas: 2 } };
  await deployChange(pod, next);
  // What changed is known with the next look, a second later.
  await waitFor(
    async () => {
      recorder.take([record(name, '/second')]);
      return (await metricsOf(pod)).revisions.length === 2;
    },
    { timeoutMs: 15_000, what: 'requests to the second revision', everyMs: 500 },
  );
  await stop();
  expect((await metricsOf(pod)).revisions).toEqual([1, 2]);
});

test('of a flood, metrics count all and events are bounded, and others lose nothing', async () => {
  const [noisy, quiet] = [await newPod(), await newPod()];
  const [noisyName, quietName] = [await deploy(noisy), await deploy(quiet)];
  const { recorder, stop } = running();
  recorder.take([record(quietName, '/before')]);
  await waitFor(async () => (await storedPaths(quiet)).length === 1, { timeoutMs: 10_000, what: 'one' });
  recorder.take(Array.from({ length: 5000 }, (_, index) => record(noisyName, `/${index}`)));
  recorder.take([record(quietName, '/after')]);
  await stop();
  expect(await storedPaths(quiet)).toEqual(['/before', '/after']);
  expect(await storedPaths(noisy)).toHaveLength(2000);
  expect(await metricsOf(noisy)).toMatchObject({ requests: 5000 });
  expect(recorder.counts.dropped).toBe(3000);
});

test('errors are what the app owes an answer for', async () => {
  const pod = await newPod();
  const name = await deploy(pod);
  const { recorder, stop } = running();
  recorder.take([
    record(name, '/', { status: 500 }),
    record(name, '/', { status: 404 }),
    record(name, '/', { status: 0, responseFlags: 'UC' }),
    // The visitor went away.
    record(name, '/', { status: 0, responseFlags: 'DC' }),
  ]);
  await stop();
  expect(await metricsOf(pod)).toMatchObject({ requests: 4, errors: 2 });
});

test('where a Route leads to several Apps, the longest path says which', async () => {
  const pod = await newPod();
  const rule = (name: string, path: string, app: string) => ({
    name,
    path,
    port: 8080,
    backendRef: `urn:brain:app:default:${app}`,
  });
  const rules = [rule('all', '/', 'web'), rule('shop', '/shop', 'shop'), rule('cart', '/shop/cart', 'cart')];
  await deployChange(
    pod,
    ...['web', 'shop', 'cart'].map((name) => sampleApp(name)),
    sampleRoute('web', { rules }),
  );
  const { recorder, stop } = running();
  const paths = [
    '/',
    '/shopping',
    '/shop',
    '/shop?a=/shop/cart',
    '/shop/cart',
    '/shop/cart/7',
    '/shop/cartoon',
  ];
  recorder.take(paths.map((path) => record(routeNameIn(pod), path)));
  await stop();
  const counts = await Promise.all(['web', 'shop', 'cart'].map((app) => metricsOf(pod, app)));
  expect(counts.map(({ requests }) => requests)).toEqual([2, 3, 2]);
});

test('what the edge counted and nobody recorded is lost, and stays so when servers come and go', async () => {
  const pod = await newPod();
  const name = await deploy(pod);
  let count = 1000;
  let startedAt = new Date(Date.now() - 60_000);
  const readEdge = async () => ({ count, startedAt });
  /** One server's life: requests that it hears of, of those that the edge counts. */
  const life = async (heard: number, counted: number, read: () => Promise<EdgeCount | null> = readEdge) => {
    const { recorder, stop } = running(at.store, read);
    for (let each = 0; each < heard; each++) recorder.take([record(each % 2 === 0 ? name : '', `/${each}`)]);
    count += counted;
    await stop();
    return recorder.counts.lost;
  };
  const before = (await life(0, 0)) ?? Number.NaN;
  expect(await life(10, 10)).toBe(before);
  expect(await life(10, 17)).toBe(before + 7);
  // Counted while no server was there.
  count += 5;
  expect(await life(0, 0)).toBe(before + 12);
  // Not asked once: the next reading has it all.
  expect(await life(4, 6, async () => null)).toBeNull();
  expect(await life(0, 0)).toBe(before + 14);
  // Another edge, which has counted less or more: what it did before is nobody's loss.
  count = 3;
  expect(await life(0, 0)).toBe(before + 14);
  startedAt = new Date(Date.now() - 30_000);
  count = 5000;
  expect(await life(0, 0)).toBe(before + 14);
  expect(await life(0, 1)).toBe(before + 15);
});
