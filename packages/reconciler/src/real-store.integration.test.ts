import { setTimeout as delay } from 'node:timers/promises';
import { KubeClient } from '@brainpod/kube/client';
import type { ResourceInput } from '@brainpod/model/document';
import type { PodRecord } from '@brainpod/store/pods';
import { openStore, type Store } from '@brainpod/store/store';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differences } from '../test/cluster-state.ts';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { PULL_SECRETS } from '../test/harness.ts';
import { crashing, neverReady, StandInNode } from '../test/stand-in-node.ts';
import { type Reconciler, startReconciler } from './reconciler.ts';

const CRASHING = 'docker.io/demo/crashing:1';
const SILENT = 'docker.io/demo/silent:1';

let cluster: ApiServer;
let kube: KubeClient;
let node: StandInNode;
let at: TestStore;
let second: Store;
const servers: Reconciler[] = [];

beforeAll(async () => {
  [cluster, at] = await Promise.all([startGatewayCluster(testEngineBinDir()), openTestStore()]);
  second = openStore({ connection: at.address });
  kube = await KubeClient.fromKubeconfig(cluster.kubeconfig);
  node = new StandInNode(kube, { [CRASHING]: crashing(2), [SILENT]: neverReady });
  node.start();
  // Two servers on one database and one cluster, as in production.
  for (const store of [at.store, second]) servers.push(await startServer(store));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await node?.stop();
  kube?.close();
  await Promise.all([at?.store.close(), second?.close()]);
  await cluster?.remove();
});

async function startServer(store: Store): Promise<Reconciler> {
  return startReconciler({
    store: store.reconciler,
    kube: await KubeClient.fromKubeconfig(cluster.kubeconfig),
    platform: PLATFORM,
    pullSecrets: PULL_SECRETS,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    clock: { now: () => new Date() },
    deployTimeoutMs: 30_000,
    resyncIntervalMs: 60_000,
  });
}

async function createPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  return at.store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
}

async function deploy(
  pod: PodRecord,
  type: 'create' | 'replace',
  documents: ResourceInput[],
): Promise<string> {
  const rules = { domain: PLATFORM.domain, check: () => [], actor: TEST_ACTOR };
  for (const document of documents) {
    const change = type === 'create' ? { type, documents: [document] } : { type, document };
    const result = await at.store.drafts.write(pod.id, change, rules);
    if (!result.ok) throw new Error(`not written: ${JSON.stringify(result.faults)}`);
  }
  const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  return result.revisionId;
}

async function waitForEnd(pod: PodRecord, revisionId: string): Promise<string> {
  return waitFor(
    async () => {
      const revision = await at.store.revisions.find(pod.id, revisionId);
      return revision?.state === 'deployed' || revision?.state === 'failed' ? revision.state : undefined;
    },
    { timeoutMs: 25_000, what: 'the revision to end', everyMs: 50 },
  );
}

async function waitForCluster(pod: PodRecord): Promise<void> {
  const deps = { kube, store: at.store.reconciler, platform: PLATFORM, pullSecrets: PULL_SECRETS };
  await waitFor(async () => (await differences(deps, pod.id)).length === 0, {
    timeoutMs: 15_000,
    what: 'the cluster to be as the store says',
    everyMs: 100,
  });
}

test('two servers deploy many pods from PostgreSQL, and one that is stopped is not missed', async () => {
  const pods = await Promise.all(Array.from({ length: 4 }, () => createPod()));
  const deployAll = (type: 'create' | 'replace', documents: ResourceInput[]): Promise<string[]> =>
    Promise.all(
      pods.map(async (pod) => {
        const revisionId = await deploy(pod, type, documents);
        return waitForEnd(pod, revisionId);
      }),
    );
  // Its host name is assigned.
  const { hostname: _hostname, ...spec } = route('web', 'web', 8080).spec;
  const first = [app('web'), { ...route('web', 'web', 8080), spec }, config('c', { a: '1' })];
  expect(new Set(await deployAll('create', first))).toEqual(new Set(['deployed']));
  for (const pod of pods) await waitForCluster(pod);
  expect(new Set(await deployAll('replace', [app('web', { image: CRASHING })]))).toEqual(new Set(['failed']));
  for (const pod of pods) await waitForCluster(pod);
  await servers.pop()?.stop();
  expect(new Set(await deployAll('replace', [app('web', { replicas: 2 })]))).toEqual(new Set(['deployed']));
  for (const pod of pods) await waitForCluster(pod);
});

test('what a person reads of it is in the database', async () => {
  const pod = await createPod();
  const revisionId = await deploy(pod, 'create', [app('web', { image: CRASHING })]);
  expect(await waitForEnd(pod, revisionId)).toBe('failed');
  const revision = await at.store.revisions.find(pod.id, revisionId);
  expect(revision?.error).toMatch(/^App "web" exited with code 1, 3 times/);
  const good = await deploy(pod, 'replace', [app('web')]);
  expect(await waitForEnd(pod, good)).toBe('deployed');
  const [resource] = await at.store.resources.list(good);
  expect(resource).toMatchObject({ healthy: true, status: { phase: 'Ready', readyReplicas: 1 } });
});

async function stateOf(pod: PodRecord, revisionId: string): Promise<string | undefined> {
  return (await at.store.revisions.find(pod.id, revisionId))?.state;
}

async function cancel(pod: PodRecord, revisionId: string): Promise<void> {
  await at.store.deployments.cancel(pod.id, { revisionId, actor: TEST_ACTOR });
}

test('a rollback brings back what ran, under the same address', async () => {
  const pod = await createPod();
  const { hostname: _hostname, ...spec } = route('web', 'web', 8080).spec;
  const first = await deploy(pod, 'create', [app('web'), { ...route('web', 'web', 8080), spec }]);
  expect(await waitForEnd(pod, first)).toBe('deployed');
  const second = await deploy(pod, 'replace', [app('web', { image: 'docker.io/demo/web:2' })]);
  expect(await waitForEnd(pod, second)).toBe('deployed');
  const request = { revisionId: first, discardDraft: false, domain: PLATFORM.domain, check: () => [] };
  const result = await at.store.deployments.rollback(pod.id, { ...request, actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not rolled back');
  expect(await waitForEnd(pod, result.revisionId)).toBe('deployed');
  await waitForCluster(pod);
  expect(await at.store.resources.list(result.revisionId)).toEqual(
    (await at.store.resources.list(first)).map((resource) => ({
      ...resource,
      healthy: true,
      status: expect.anything(),
    })),
  );
});

test('a deploy that is canceled stops at once, and what was deployed is put back', async () => {
  const pod = await createPod();
  const live = await deploy(pod, 'create', [app('web')]);
  expect(await waitForEnd(pod, live)).toBe('deployed');
  const stuck = await deploy(pod, 'replace', [app('web', { image: SILENT })]);
  const behind = await deploy(pod, 'create', [config('c', { a: '1' })]);
  await waitFor(async () => (await stateOf(pod, stuck)) === 'ready', { timeoutMs: 15_000, what: 'ready' });
  await cancel(pod, behind);
  await cancel(pod, stuck);
  await waitForCluster(pod);
  expect([await stateOf(pod, stuck), await stateOf(pod, behind)]).toEqual(['canceled', 'canceled']);
  await waitFor(async () => (await at.store.resources.find(live, 'App', 'web'))?.healthy, {
    timeoutMs: 15_000,
    what: 'what was deployed to be well',
  });
  const next = await deploy(pod, 'replace', [app('web', { replicas: 2 })]);
  expect(await waitForEnd(pod, next)).toBe('deployed');
});

test('a first deploy that is canceled leaves nothing that runs', async () => {
  const pod = await createPod();
  const stuck = await deploy(pod, 'create', [app('web', { image: SILENT })]);
  await waitFor(async () => (await stateOf(pod, stuck)) === 'ready', { timeoutMs: 15_000, what: 'ready' });
  await cancel(pod, stuck);
  await waitForCluster(pod);
});

test('a revision that is canceled at any moment of its deploy is never live', async () => {
  const pod = await createPod();
  expect(await waitForEnd(pod, await deploy(pod, 'create', [app('web')]))).toBe('deployed');
  for (let round = 0; round < 8; round++) {
    const revisionId = await deploy(pod, 'replace', [app('web', { image: `docker.io/demo/web:r${round}` })]);
    // It waits for nothing: each round cancels at another moment of the deploy.
    await delay(round * 40);
    // It may have been quicker.
    const isCanceled = await cancel(pod, revisionId).then(
      () => true,
      () => false,
    );
    await waitForCluster(pod);
    expect(await stateOf(pod, revisionId)).toBe(isCanceled ? 'canceled' : 'deployed');
    expect((await at.store.revisions.find(pod.id, revisionId))?.isDeployed).toBe(!isCanceled);
  }
});

test('credentials of a registry reach the namespace of what runs, and nothing is rolled for them', async () => {
  const pod = await createPod();
  expect(await waitForEnd(pod, await deploy(pod, 'create', [app('web')]))).toBe('deployed');
  const namespace = `bp-${pod.name}`;
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } };
  const pullSecret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'brainpod-registry', namespace } };
  const before = await kube.get(deployment);
  const registriesIn = async (): Promise<string[]> => {
    const data = Object((await kube.get(pullSecret))?.data);
    return Object.keys(JSON.parse(Buffer.from(data['.dockerconfigjson'], 'base64').toString()).auths);
  };
  const reaches = (registries: string[]) =>
    waitFor(async () => JSON.stringify(await registriesIn()) === JSON.stringify(registries), {
      timeoutMs: 15_000,
      what: `the pull secret to be for ${registries.join()}`,
      everyMs: 50,
    });
  const credential = { registry: 'ghcr.io', username: 'ann', passwordSealed: Buffer.from('sealed') };
  await at.store.registryCredentials.set(pod.id, credential, TEST_ACTOR);
  await reaches([`for-${pod.name}`, 'ghcr.io']);
  await at.store.registryCredentials.remove(pod.id, 'ghcr.io', TEST_ACTOR);
  await reaches([`for-${pod.name}`]);
  await waitForCluster(pod);
  const after = await kube.get(deployment);
  expect(before).not.toBeNull();
  expect([after?.metadata.uid, after?.metadata.generation]).toEqual([
    before?.metadata.uid,
    before?.metadata.generation,
  ]);
});
