import { namespaceName } from '@brainpod/compiler/names';
import { KubeClient } from '@brainpod/kube/client';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';
import type { ResourceInput } from '@brainpod/model/document';
import type { PodRecord } from '@brainpod/store/pods';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { differences } from '../test/cluster-state.ts';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { PULL_SECRETS } from '../test/harness.ts';
import { type Behaviour, neverReady, running, StandInNode } from '../test/stand-in-node.ts';
import { type Reconciler, startReconciler } from './reconciler.ts';

const FICKLE = 'docker.io/demo/fickle:1';
const SLOW = 'docker.io/demo/slow:1';
const DAY_MS = 86_400_000;
const NO_LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };

let cluster: ApiServer;
let kube: KubeClient;
let node: StandInNode;
let at: TestStore;
let reconciler: Reconciler;
let ahead = 0;
let fickle: Behaviour = running;
const erased: string[] = [];

beforeAll(async () => {
  [cluster, at] = await Promise.all([startGatewayCluster(testEngineBinDir()), openTestStore()]);
  kube = await KubeClient.fromKubeconfig(cluster.kubeconfig);
  node = new StandInNode(kube, { [FICKLE]: (k8sPod) => fickle(k8sPod), [SLOW]: neverReady });
  node.start();
});
afterAll(async () => {
  await node?.stop();
  kube?.close();
  await at?.store.close();
  await cluster?.remove();
});
beforeEach(async () => {
  ahead = 0;
  fickle = running;
  reconciler = await start();
});
afterEach(() => reconciler.stop());

async function start(
  options: { deployTimeoutMs?: number; erase?: (podName: string) => Promise<void> } = {},
): Promise<Reconciler> {
  return startReconciler({
    store: at.store.reconcilerOf(at.clusterId),
    kube: await KubeClient.fromKubeconfig(cluster.kubeconfig),
    platform: PLATFORM,
    pullSecrets: PULL_SECRETS,
    images: {
      async erase(podName) {
        await options.erase?.(podName);
        erased.push(podName);
      },
    },
    logger: NO_LOG,
    clock: { now: () => new Date(Date.now() + ahead) },
    deployTimeoutMs: options.deployTimeoutMs ?? 20_000,
    resyncIntervalMs: 60_000,
  });
}

async function restartReconciler(options: Parameters<typeof start>[0]): Promise<void> {
  await reconciler.stop();
  reconciler = await start(options);
}

function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  return at.store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
}

async function deploy(pod: PodRecord, ...documents: ResourceInput[]): Promise<string> {
  const rules = { domain: PLATFORM.domain, check: () => [], actor: TEST_ACTOR };
  for (const document of documents) {
    const head = (await at.store.pods.findAnywhere(pod.name))?.head.id ?? '';
    const { kind, metadata } = document;
    const exists = (await at.store.resources.find(head, kind, metadata.name)) !== null;
    const change = exists
      ? ({ type: 'replace', document } as const)
      : ({ type: 'create', documents: [document] } as const);
    const written = await at.store.drafts.write(pod.id, change, rules);
    if (!written.ok) throw new Error(`not written: ${JSON.stringify(written.faults)}`);
  }
  const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  return result.revisionId;
}

async function stateOf(pod: PodRecord, revisionId: string) {
  return (await at.store.revisions.find(pod.id, revisionId))?.state;
}

async function deployed(pod: PodRecord, ...documents: ResourceInput[]): Promise<string> {
  const revisionId = await deploy(pod, ...documents);
  await until('it to be deployed', async () => (await stateOf(pod, revisionId)) === 'deployed');
  return revisionId;
}

function until(what: string, question: () => boolean | Promise<boolean>): Promise<unknown> {
  return waitFor(question, { timeoutMs: 25_000, what, everyMs: 50 });
}

const appRoute = (name: string, to: string): ResourceInput => {
  const { hostname: _hostname, ...spec } = route(name, to, 8080).spec;
  return { ...route(name, to, 8080), spec };
};

async function instances(pod: PodRecord): Promise<KubeObject[]> {
  const { items } = await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace: namespaceName(pod.name) });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function instanceNames(pod: PodRecord): Promise<string[]> {
  return (await instances(pod)).map(({ metadata }) => metadata.name).sort();
}

async function count(pod: PodRecord, apiVersion: string, kind: string): Promise<number> {
  return (await kube.list({ apiVersion, kind, namespace: namespaceName(pod.name) })).items.length;
}

function namespaceOf(pod: PodRecord): Promise<KubeObject | null> {
  return kube.get({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceName(pod.name) } });
}

async function isAsStored(pod: PodRecord): Promise<boolean> {
  const deps = { kube, store: at.store.reconciler, platform: PLATFORM, pullSecrets: PULL_SECRETS };
  return (await differences(deps, pod.id)).length === 0;
}

describe('a stopped pod', () => {
  test('runs no instance, is healthy, keeps all else, and runs again when it is started', async () => {
    const pod = await newPod();
    const revisionId = await deployed(pod, app('web', { replicas: 2 }), appRoute('web', 'web'));
    await at.store.pods.stop(pod.id, TEST_ACTOR);
    await until('its instances to end', async () => (await instances(pod)).length === 0);
    expect(await count(pod, 'gateway.networking.k8s.io/v1', 'HTTPRoute')).toBeGreaterThan(0);
    await until('its status', async () => {
      const web = await at.store.resources.find(revisionId, 'App', 'web');
      return (
        web?.healthy === true &&
        JSON.stringify(web.status) === '{"phase":"Ready","replicas":[],"readyReplicas":0}'
      );
    });
    await expect(deploy(pod, config('c', { a: '1' }))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await at.store.pods.start(pod.id, TEST_ACTOR);
    await until('its instances', async () => (await instances(pod)).length === 2);
    await until('the cluster to be as the store says', () => isAsStored(pod));
    await deployed(pod, config('d', { a: '1' }));
  });
});

describe('a deleted pod', () => {
  test('runs and serves nothing, its deploy is canceled, and comes back as it was', async () => {
    const pod = await newPod();
    const live = await deployed(pod, app('web'), appRoute('web', 'web'));
    const onItsWay = await deploy(pod, app('web', { image: SLOW }));
    await until('it to be ready', async () => (await stateOf(pod, onItsWay)) === 'ready');
    const removed = await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect((removed.eraseAfter?.getTime() ?? 0) - (removed.deletedAt?.getTime() ?? 0)).toBe(7 * DAY_MS);
    expect(await stateOf(pod, onItsWay)).toBe('canceled');
    await until('all of it to be gone', async () => (await instances(pod)).length === 0);
    expect(await count(pod, 'gateway.networking.k8s.io/v1', 'HTTPRoute')).toBe(0);
    expect(await count(pod, 'apps/v1', 'Deployment')).toBe(0);
    await until(
      'its status to be gone',
      async () => (await at.store.resources.find(live, 'App', 'web'))?.status === null,
    );
    expect(await at.store.pods.find(at.accountId, pod.name)).toBeNull();
    expect((await at.store.pods.list(at.accountId)).map(({ id }) => id)).not.toContain(pod.id);
    const refused = at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
    await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });

    const restored = await at.store.pods.restore(pod.id, TEST_ACTOR);
    expect(restored).toMatchObject({ deletedAt: null, eraseAfter: null, deployed: { id: live } });
    await until('the cluster to be as the store says', () => isAsStored(pod));
    await until(
      'its App to be ready',
      async () => (await at.store.resources.find(live, 'App', 'web'))?.healthy === true,
    );
  });

  test('is erased when its time is over, whatever breaks off the work, and its name never comes back', async () => {
    const [pod, other] = [await newPod(), await newPod()];
    const same = config('shared', { a: 'the same in both' });
    await deployed(pod, app('web'), appRoute('web', 'web'), same, config('own', { a: pod.name }));
    await deployed(other, same);
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    await until('its instances to end', async () => (await instances(pod)).length === 0);
    expect(await namespaceOf(pod)).not.toBeNull();
    let tries = 0;
    ahead = 8 * DAY_MS;
    await restartReconciler({
      erase: async (podName) => {
        if (podName !== pod.name) return;
        tries += 1;
        expect(await namespaceOf(pod)).toBeNull();
        if (tries < 3) throw new Error('the registry is away');
      },
    });
    await until('it to be gone', async () => (await at.store.reconciler.loadPod(pod.id)) === null);
    expect(tries).toBe(3);
    expect(erased).toContain(pod.name);
    expect(await at.store.pods.listDeleted(at.accountId)).toEqual([]);
    await until('the other pod to be untouched', () => isAsStored(other));
    await deployed(other, config('shared', { a: 'changed' }));
  });
});

describe('a restart', () => {
  test('puts new instances in the place of the old ones, and locks the resource meanwhile', async () => {
    const pod = await newPod();
    const revisionId = await deployed(pod, app('web', { image: FICKLE, replicas: 2 }), app('aside'));
    const before = await instanceNames(pod);
    fickle = neverReady;
    await at.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
    expect((await at.store.resources.find(revisionId, 'App', 'web'))?.locked).toBe(true);
    await until('a new instance', async () => (await instanceNames(pod)).length > before.length);
    expect(await instanceNames(pod)).toEqual(expect.arrayContaining(before));
    const again = at.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
    await expect(again).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    fickle = running;
    // The stand-in looks at an instance again when something about it changes.
    await nudge(pod);
    await until('the restart to be over', async () => (await restartOf(pod))?.finishedAt instanceof Date);
    expect(await restartOf(pod)).toMatchObject({ error: null });
    await until('the old ones to be gone', async () => {
      const now = await instanceNames(pod);
      return (
        now.length === 3 &&
        now.filter((name) => before.includes(name)).every((name) => name.startsWith('aside'))
      );
    });
    expect((await at.store.resources.find(revisionId, 'App', 'web'))?.locked).toBe(false);
    await until('the cluster to be as the store says', () => isAsStored(pod));
  });

  test('whose instances do not get ready in time fails with a reason, and the old ones stay', async () => {
    await restartReconciler({ deployTimeoutMs: 4_000 });
    const pod = await newPod();
    await deployed(pod, app('web', { image: FICKLE }));
    const before = await instanceNames(pod);
    fickle = neverReady;
    await at.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
    await until('the restart to be over', async () => (await restartOf(pod))?.finishedAt instanceof Date);
    expect((await restartOf(pod))?.error).toMatch(/^App "web"/);
    await until('the new ones to be gone', async () => (await instanceNames(pod)).length === before.length);
    expect(await instanceNames(pod)).toEqual(before);
    await until('the cluster to be as the store says', () => isAsStored(pod));
    fickle = running;
    await at.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
    await until('the next restart to be over', async () => {
      const restart = await restartOf(pod);
      return restart?.finishedAt instanceof Date && restart.error === null;
    });
    expect(await instanceNames(pod)).not.toEqual(before);
  });

  test('is refused while a deploy is on its way, of a stopped pod, and of what does not run', async () => {
    const pod = await newPod();
    await deployed(pod, app('web'));
    const web = { kind: 'App', name: 'web' } as const;
    const missing = at.store.restarts.start(pod.id, { kind: 'App', name: 'nobody' }, TEST_ACTOR);
    await expect(missing).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const revisionId = await deploy(pod, app('web', { image: SLOW }));
    const refused = () => at.store.restarts.start(pod.id, web, TEST_ACTOR);
    await expect(refused()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await expect(at.store.pods.stop(pod.id, TEST_ACTOR)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await at.store.deployments.cancel(pod.id, { revisionId, actor: TEST_ACTOR });
    await at.store.pods.stop(pod.id, TEST_ACTOR);
    await expect(refused()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  function restartOf(pod: PodRecord) {
    return at.store.restarts.find(pod.id, { kind: 'App', name: 'web' });
  }

  async function nudge(pod: PodRecord): Promise<void> {
    for (const instance of await instances(pod)) {
      await kube.patch(instance, { metadata: { annotations: { 'test/nudge': 'now' } } }, 'merge');
    }
  }
});

describe('a deploy that a person cancels', () => {
  test('makes way for what is deployed, whose instances never ended', async () => {
    const pod = await newPod();
    const live = await deployed(pod, app('web'));
    const before = await instanceNames(pod);
    const revisionId = await deploy(pod, app('web', { image: SLOW }), app('new'));
    await until('new instances', async () => (await instanceNames(pod)).length === 3);
    await at.store.deployments.cancel(pod.id, { revisionId, actor: TEST_ACTOR });
    await until('the cluster to be as the store says', () => isAsStored(pod));
    await until('the new ones to be gone', async () => (await instanceNames(pod)).length === 1);
    expect(await instanceNames(pod)).toEqual(before);
    expect(await at.store.revisions.find(pod.id, revisionId)).toMatchObject({
      state: 'canceled',
      error: null,
    });
    expect((await at.store.pods.findAnywhere(pod.name))?.deployed?.id).toBe(live);
    await until(
      'its App to be ready',
      async () => (await at.store.resources.find(live, 'App', 'web'))?.healthy === true,
    );
    expect(reconciler.stats().queue.failed).toBe(0);
  });

  test('before anything was deployed leaves nothing running, and the next one goes its way', async () => {
    const pod = await newPod();
    const revisionId = await deploy(pod, app('web', { image: SLOW }));
    await until('it to be ready', async () => (await stateOf(pod, revisionId)) === 'ready');
    await at.store.deployments.cancel(pod.id, { revisionId, actor: TEST_ACTOR });
    await until('nothing to run', async () => (await count(pod, 'apps/v1', 'Deployment')) === 0);
    await deployed(pod, app('web'));
  });
});

describe('the size of an instance', () => {
  test('rolls the Apps of that size at the next look, and no others', async () => {
    const pod = await newPod();
    await deployed(pod, app('small', { instance: '.5x' }), app('large', { instance: '2x' }));
    const before = await instanceNames(pod);
    await at.store.instanceSizes.set('.5x', { cpuMillis: 400, memoryMiB: 300 }, TEST_ACTOR);
    reconciler.resync();
    await until('the small one to be new', async () => {
      const now = await instanceNames(pod);
      return now.length === 2 && now.some((name) => name.startsWith('small') && !before.includes(name));
    });
    expect((await instanceNames(pod)).find((name) => name.startsWith('large'))).toBe(
      before.find((name) => name.startsWith('large')),
    );
    const small = (await instances(pod)).find(({ metadata }) => metadata.name.startsWith('small'));
    expect(memoryOf(small)).toBe('300Mi');
    await until('the cluster to be as the store says', () => isAsStored(pod));
  });

  function memoryOf(k8sPod: KubeObject | undefined): unknown {
    const containers = isRecord(k8sPod?.spec) ? k8sPod.spec.containers : undefined;
    const first: unknown = Array.isArray(containers) ? containers[0] : undefined;
    const resources = isRecord(first) ? first.resources : undefined;
    return isRecord(resources) && isRecord(resources.limits) ? resources.limits.memory : undefined;
  }
});
