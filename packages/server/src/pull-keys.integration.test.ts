import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeClient } from '@brainpod/kube/client';
import { kubeconfigCredentials } from '@brainpod/kube/credentials';
import { HttpsTransport, type Transport } from '@brainpod/kube/transport';
import type { ReconcilerStore } from '@brainpod/reconciler/ports';
import { type Reconciler, startReconciler } from '@brainpod/reconciler/reconciler';
import { app, PLATFORM } from '@brainpod/reconciler/test/documents';
import { StandInNode } from '@brainpod/reconciler/test/stand-in-node';
import { createRegistryFront } from '@brainpod/registry/front';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import type { PodRecord } from '@brainpod/store/pods';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { keepPullKeys, PullTokenCheck } from './pull-keys.ts';
import { SealedPullSecrets } from './pull-secrets.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const LAYER = Buffer.alloc(100_000, 'layer');
const HOUR_MS = 3_600_000;
const TIMES = { maxAgeMs: 24 * HOUR_MS, graceMs: HOUR_MS };
const MASTER_KEY = Buffer.alloc(32, 7);

let cluster: ApiServer;
let kube: KubeClient;
let node: StandInNode;
let at: TestStore;
let distribution: RunningDistribution;
let front: Server;
let registry = '';
/** The time as the platform sees it: days pass as the test says. */
let now = new Date();
const lines: string[] = [];
const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
const pullSecrets = new SealedPullSecrets({
  registryHost: PLATFORM.registryHost,
  masterKey: MASTER_KEY,
  logger,
});

beforeAll(async () => {
  [cluster, distribution] = await Promise.all([startGatewayCluster(testEngineBinDir()), startDistribution()]);
  kube = await KubeClient.fromKubeconfig(cluster.kubeconfig);
  node = new StandInNode(kube, {});
  node.start();
  const check = new PullTokenCheck({
    pullKeys: { list: () => at.store.pullKeys.list() },
    masterKey: MASTER_KEY,
    now: () => now,
    rememberMs: 0,
  });
  const handle = createRegistryFront<never>({
    upstream: distribution.origin,
    registryHost: PLATFORM.registryHost,
    authenticate: async () => null,
    isAllowed: () => false,
    verifyPullToken: (pod, token) => check.verify(pod, token),
    logger,
  });
  front = createServer(handle).listen(0, '127.0.0.1');
  await once(front, 'listening');
  const address = front.address();
  registry = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
});

afterAll(async () => {
  front?.close();
  await node?.stop();
  kube?.close();
  await Promise.all([distribution?.stop(), cluster?.remove()]);
});

beforeEach(newInstallation);

/** A database in which no pod of before holds any key. */
async function newInstallation(): Promise<void> {
  now = new Date();
  const opened = await openTestStore();
  onTestFinished(() => opened.store.close());
  at = opened;
}

/** A pod with an image and an App on its way. */
async function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId, store } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  const pod = await store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
  await pushImage(pod.name);
  const rules = { domain: PLATFORM.domain, check: () => [], actor: TEST_ACTOR };
  const written = await store.drafts.write(pod.id, { type: 'create', documents: [app('web')] }, rules);
  const deployed = await store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!written.ok || !deployed.ok) throw new Error('not deployed');
  return pod;
}

/** Past the front, as if it had been pushed long ago. */
async function pushImage(pod: string): Promise<void> {
  const repository = `${distribution.origin}/v2/${pod}/web`;
  const digest = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;
  const upload = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(upload.headers.get('location') ?? '');
  location.searchParams.set('digest', digest);
  expect((await fetch(location, { method: 'PUT', body: LAYER })).status).toBe(201);
  const blob = { mediaType: 'application/octet-stream', digest, size: LAYER.length };
  const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: blob, layers: [blob] };
  const headers = { 'content-type': MANIFEST_TYPE };
  const body = JSON.stringify(manifest);
  expect((await fetch(`${repository}/manifests/1`, { method: 'PUT', headers, body })).status).toBe(201);
}

async function startServer(
  parts: { store?: ReconcilerStore; transport?: (plain: Transport) => Transport } = {},
): Promise<Reconciler> {
  const plain = new HttpsTransport(await kubeconfigCredentials(cluster.kubeconfig));
  return startReconciler({
    store: parts.store ?? at.store.reconciler,
    kube: new KubeClient(parts.transport?.(plain) ?? plain),
    platform: PLATFORM,
    pullSecrets,
    logger,
    clock: { now: () => new Date() },
    deployTimeoutMs: 60_000,
    resyncIntervalMs: 60_000,
  });
}

/** The password that nodes read in the pod's namespace; null where there is none. */
async function passwordIn(pod: PodRecord): Promise<string | null> {
  const metadata = { name: 'brainpod-registry', namespace: `bp-${pod.name}` };
  const secret = await kube.get({ apiVersion: 'v1', kind: 'Secret', metadata });
  if (secret === null) return null;
  const config = JSON.parse(Buffer.from(Object(secret.data)['.dockerconfigjson'], 'base64').toString());
  const auth = Buffer.from(config.auths[PLATFORM.registryHost].auth, 'base64').toString();
  return auth.slice('pull:'.length);
}

function get(pod: string, path: string, password: string): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`pull:${password}`).toString('base64')}`;
  const headers = { authorization, accept: MANIFEST_TYPE };
  return fetch(`${registry}/v2/${pod}/web/${path}`, { headers });
}

async function manifestStatus(pod: PodRecord, password: string): Promise<number> {
  const answer = await get(pod.name, 'manifests/1', password);
  await answer.arrayBuffer();
  return answer.status;
}

/** One pull, as a node does it: with the password that it read when it began. */
async function pull(pod: PodRecord): Promise<void> {
  const password = await passwordIn(pod);
  if (password === null) throw new Error('there is no pull secret');
  const manifest = await get(pod.name, 'manifests/1', password);
  const { layers } = Object(await manifest.json());
  if (manifest.status !== 200) throw new Error(`the manifest: ${manifest.status}`);
  for (const { digest } of layers) {
    await delay(5);
    const blob = await get(pod.name, `blobs/${digest}`, password);
    const bytes = Buffer.from(await blob.arrayBuffer());
    if (blob.status !== 200 || !bytes.equals(LAYER)) throw new Error(`a layer: ${blob.status}`);
  }
}

/** Nodes that pull on and on, until they are told to end; then the number of pulls, none of which failed. */
function keepPulling(pods: readonly PodRecord[]) {
  let isOver = false;
  let rounds = 0;
  const running = (async () => {
    while (!isOver) {
      await Promise.all(pods.map(pull));
      rounds += 1;
    }
  })();
  running.catch(() => undefined);
  return {
    /** When all that are under way have ended, as they do within the grace. */
    async settle(): Promise<void> {
      const before = rounds;
      await Promise.race([
        running,
        waitFor(() => rounds >= before + 2, { timeoutMs: 30_000, what: 'pulls to go on' }),
      ]);
    },
    async end(): Promise<number> {
      isOver = true;
      await running;
      return rounds;
    },
  };
}

/** Waits until every namespace has another password than before. */
async function renewed(pods: readonly PodRecord[], former: readonly (string | null)[]): Promise<void> {
  for (const [index, pod] of pods.entries()) {
    await waitFor(
      async () => {
        const password = await passwordIn(pod);
        return password !== null && password !== former[index];
      },
      { timeoutMs: 20_000, what: `the next password of ${pod.name}`, everyMs: 20 },
    );
  }
}

/** Looks after the keys until the only one left is the newest; the time passes as it says there. */
async function letGo(): Promise<void> {
  await waitFor(
    async () => {
      await at.store.pullKeys.keep(now, TIMES);
      return (await at.store.pullKeys.list()).every(
        ({ refusedAfter }, index, { length }) => refusedAfter !== null || index === length - 1,
      );
    },
    { timeoutMs: 20_000, what: 'no namespace to hold a former key', everyMs: 20 },
  );
}

async function templatesOf(pods: readonly PodRecord[]): Promise<unknown[]> {
  return Promise.all(
    pods.map(async ({ name }) => {
      const metadata = { name: 'web', namespace: `bp-${name}` };
      const found = await kube.get({ apiVersion: 'apps/v1', kind: 'Deployment', metadata });
      return [found?.metadata.uid, found?.metadata.generation];
    }),
  );
}

test('keys are replaced day after day; no pull fails, no App is rolled, and former keys are refused', async () => {
  const server = await startServer();
  onTestFinished(() => server.stop());
  const pods = [await newPod(), await newPod()];
  await renewed(pods, []);
  await waitFor(async () => (await templatesOf(pods)).flat().every((fact) => fact !== undefined), {
    timeoutMs: 20_000,
    what: 'the Apps to be there',
  });
  const before = await templatesOf(pods);
  const nodes = keepPulling(pods);
  const former: string[] = [];
  for (let day = 0; day < 5; day++) {
    const passwords = await Promise.all(pods.map(passwordIn));
    now = new Date(now.getTime() + TIMES.maxAgeMs);
    expect(await at.store.pullKeys.keep(now, TIMES)).toBe(true);
    await renewed(pods, passwords);
    await letGo();
    const [first] = passwords;
    if (first === null || first === undefined || pods[0] === undefined) throw new Error('no password');
    // Who began with it may end with it,
    await nodes.settle();
    const refusedAfter = now.getTime() + TIMES.graceMs;
    now = new Date(refusedAfter - 1);
    expect(await manifestStatus(pods[0], first)).toBe(200);
    // and nobody after that.
    now = new Date(refusedAfter);
    expect(await manifestStatus(pods[0], first)).toBe(401);
    former.push(first);
  }
  expect(await nodes.end()).toBeGreaterThan(5);
  expect(new Set(former).size).toBe(5);
  await at.store.pullKeys.keep(now, TIMES);
  expect(await at.store.pullKeys.list()).toHaveLength(1);
  for (const password of former) expect(await manifestStatus(pods[0] as PodRecord, password)).toBe(401);
  expect(await templatesOf(pods)).toEqual(before);
  for (const password of former) expect(lines.join('')).not.toContain(password);
});

/**
 * Dies before or after one of its writes of a pod's pull secret, or of what is noted about it; what it does after that
 * comes to nothing. All else that a server writes has nothing to do with that.
 */
class Mortal {
  readonly #pod: PodRecord;
  #left: number;
  isDead = false;

  constructor(pod: PodRecord, deathsPassedBy: number) {
    this.#pod = pod;
    this.#left = deathsPassedBy;
  }

  async write<T>(isOfPod: boolean, work: () => Promise<T>): Promise<T> {
    this.assertAlive();
    if (!isOfPod) return work();
    this.#live();
    const result = await work();
    this.#live();
    return result;
  }

  assertAlive(): void {
    if (this.isDead) throw new Error('killed');
  }

  store(store: ReconcilerStore): ReconcilerStore {
    return {
      listPodIds: () => store.listPodIds(),
      loadPod: async (podId) => {
        this.assertAlive();
        return store.loadPod(podId);
      },
      onPodChanged: (listener) => store.onPodChanged(listener),
      withPodLock: (podId, work) => store.withPodLock(podId, work),
      markReady: (...args) => store.markReady(...args),
      markDeployed: (...args) => store.markDeployed(...args),
      markFailed: (...args) => store.markFailed(...args),
      finishRestart: (...args) => store.finishRestart(...args),
      holdPullKey: (podId, keyId) =>
        this.write(podId === this.#pod.id, () => store.holdPullKey(podId, keyId)),
      dropPullKey: (podId) => this.write(podId === this.#pod.id, () => store.dropPullKey(podId)),
      erasePod: (...args) => store.erasePod(...args),
      saveStatuses: (...args) => store.saveStatuses(...args),
    };
  }

  transport(plain: Transport): Transport {
    return {
      send: async (request) => {
        const isOfSecret = request.path.endsWith(`/bp-${this.#pod.name}/secrets/brainpod-registry`);
        const writes = request.method !== 'GET' && request.query?.dryRun === undefined;
        return this.write(isOfSecret && writes, () => plain.send(request));
      },
      stream: (request) => plain.stream(request),
      tunnel: (request) => plain.tunnel(request),
      close: () => plain.close(),
    };
  }

  #live(): void {
    if (this.#left === 0) this.isDead = true;
    this.assertAlive();
    this.#left -= 1;
  }
}

/** Runs a server that is killed when it has passed by so many deaths; false when it was done before. */
async function runUntilKilled(
  pod: PodRecord,
  deathsPassedBy: number,
  isDone: () => Promise<boolean>,
): Promise<boolean> {
  const mortal = new Mortal(pod, deathsPassedBy);
  const server = await startServer({
    store: mortal.store(at.store.reconciler),
    transport: (plain) => mortal.transport(plain),
  });
  await waitFor(async () => mortal.isDead || (await isDone()), {
    timeoutMs: 30_000,
    what: 'the server to be killed, or done',
    everyMs: 10,
  });
  await server.stop();
  return mortal.isDead;
}

/** Whatever happened: time passes, keys are looked after, and what nodes read is still accepted. */
async function assertPullable(pod: PodRecord): Promise<void> {
  for (let round = 0; round < 3; round++) {
    now = new Date(now.getTime() + TIMES.graceMs);
    await at.store.pullKeys.keep(now, TIMES);
  }
  const password = await passwordIn(pod);
  if (password !== null) expect(await manifestStatus(pod, password)).toBe(200);
}

/** Whether the namespace has the newest key, and that is noted. */
async function isUpToDate(pod: PodRecord): Promise<boolean> {
  const { newest, heldId } = (await at.store.reconciler.loadPod(pod.id))?.pullKey ?? {};
  if (newest === undefined || newest.id !== heldId) return false;
  const config = JSON.parse(pullSecrets.dockerConfigJson(pod, { pullKey: newest, credentials: [] }));
  const auth = Buffer.from(config.auths[PLATFORM.registryHost].auth, 'base64').toString();
  return `pull:${await passwordIn(pod)}` === auth;
}

async function deployedPod(): Promise<PodRecord> {
  const pod = await newPod();
  await bringUpToDate(pod);
  return pod;
}

/** Runs a server until the pod is deployed, and its namespace has the newest key. */
async function bringUpToDate(pod: PodRecord): Promise<void> {
  const server = await startServer();
  const isDeployed = async () => (await at.store.reconciler.loadPod(pod.id))?.deployed !== null;
  await waitFor(async () => (await isDeployed()) && (await isUpToDate(pod)), {
    timeoutMs: 20_000,
    what: 'the newest key',
    everyMs: 20,
  });
  await server.stop();
}

const holdsNone = async (pod: PodRecord): Promise<boolean> =>
  (await at.store.reconciler.loadPod(pod.id))?.pullKey.heldId === null;

test.each([
  {
    what: 'gives a namespace its first key',
    prepare: newPod,
    isDone: isUpToDate,
  },
  {
    what: 'gives a namespace the next key',
    prepare: async () => {
      const pod = await deployedPod();
      await at.store.pullKeys.rotate(TEST_ACTOR, now);
      return pod;
    },
    isDone: isUpToDate,
  },
  {
    what: 'takes the key from a pod that is deleted, and restored',
    prepare: async () => {
      const pod = await deployedPod();
      await at.store.pods.remove(pod.id, TEST_ACTOR);
      return pod;
    },
    isDone: holdsNone,
    after: (pod: PodRecord) => at.store.pods.restore(pod.id, TEST_ACTOR),
  },
])(
  'a server that is killed at any moment while it $what leaves a password that is accepted, and the next one goes on',
  async ({ prepare, isDone, after }) => {
    let deaths = 0;
    for (let isKilled = true; isKilled; deaths++) {
      await newInstallation();
      const pod = await prepare();
      isKilled = await runUntilKilled(pod, deaths, () => isDone(pod));
      await after?.(pod);
      await assertPullable(pod);
      await at.store.pullKeys.rotate(TEST_ACTOR, now);
      await assertPullable(pod);
      const former = await passwordIn(pod);
      await bringUpToDate(pod);
      await assertPullable(pod);
      if (former !== null) expect(await manifestStatus(pod, former)).toBe(401);
      await pull(pod);
    }
    // Before and after a write of the secret, before and after a note.
    expect(deaths).toBeGreaterThan(3);
  },
);

test('the keys are looked after by themselves, and no fault of the database ends that', async () => {
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const seen: Date[] = [];
  let faults = 0;
  const pullKeys = {
    keep: async (when: Date) => {
      seen.push(when);
      faults += 1;
      throw new Error('a fault');
    },
  };
  const keeping = keepPullKeys(over.signal, {
    ...{ pullKeys, times: TIMES, now: () => now, logger },
    intervalMs: 1,
  });
  await waitFor(() => faults > 2, { timeoutMs: 10_000, what: 'the next rounds' });
  over.abort();
  await keeping;
  expect(seen[0]).toBe(now);
});

test('nodes pull on while the database is away, and what it would have to be asked about is put off', async () => {
  const pod = await newPod();
  const { newest } = (await at.store.reconciler.loadPod(pod.id))?.pullKey ?? {};
  if (newest === undefined) throw new Error('there is no key');
  const config = JSON.parse(pullSecrets.dockerConfigJson(pod, { pullKey: newest, credentials: [] }));
  const auth = Buffer.from(config.auths[PLATFORM.registryHost].auth, 'base64').toString();
  let isAway = false;
  const list = async () => {
    if (isAway) throw new Error('away');
    return at.store.pullKeys.list();
  };
  const check = new PullTokenCheck({ pullKeys: { list }, masterKey: MASTER_KEY, rememberMs: 0 });
  const password = auth.slice('pull:'.length);
  expect(await check.verify(pod.name, password)).toBe(true);
  isAway = true;
  expect(await check.verify(pod.name, password)).toBe(true);
  await expect(check.verify(pod.name, 'another')).rejects.toThrow('away');
  isAway = false;
  expect(await check.verify(pod.name, 'another')).toBe(false);
});
