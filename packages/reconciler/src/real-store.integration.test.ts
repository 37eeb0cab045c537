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
import { crashing, StandInNode } from '../test/stand-in-node.ts';
import { type Reconciler, startReconciler } from './reconciler.ts';

const CRASHING = 'docker.io/demo/crashing:1';

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
  node = new StandInNode(kube, { [CRASHING]: crashing(2) });
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
