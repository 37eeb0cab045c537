import type { KubeObject } from '@brainpod/kube/kube-object';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { type Harness, settle, startHarness, waitForState } from '../test/harness.ts';
import { crashing, neverReady, unpullable } from '../test/stand-in-node.ts';
import { UnreliableTransport } from '../test/unreliable-transport.ts';
import { at, listAt } from './observe/fields.ts';
import { observeK8sPod } from './observe/workload.ts';
import { EDGE_SETTLE_MS } from './route-switch.ts';

const CRASHING = 'docker.io/demo/crashing:1';
const MISSING = 'docker.io/demo/missing:1';
const SILENT = 'docker.io/demo/silent:1';

// The stand-in for a node acts on everything in its cluster, so this file has one of its own.
let cluster: ApiServer;
let harness: Harness;
let count = 0;

/** Each test has a pod of its own, so that none sees what another left. */
function newPod(): { podId: string; namespace: string } {
  count += 1;
  const name = `pod-${process.pid}-${count}`;
  return { podId: harness.store.addPod(name), namespace: `bp-${name}` };
}

function deployment(namespace: string, name: string): Promise<KubeObject | null> {
  return harness.kube.get({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } });
}

async function imageOf(namespace: string, name: string): Promise<unknown> {
  const [container] = listAt(await deployment(namespace, name), 'spec', 'template', 'spec', 'containers');
  return at(container, 'image');
}

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
});

afterAll(() => cluster?.remove());

beforeEach(async () => {
  harness = await startHarness({
    kubeconfig: cluster.kubeconfig,
    behaviours: {
      [CRASHING]: crashing(2),
      [MISSING]: unpullable('failed to pull and unpack image: registry.example/missing:1: not found'),
      [SILENT]: neverReady,
    },
  });
});

afterEach(() => harness.stop());

describe('a deploy', () => {
  test('is deployed when its apps and routes are healthy, and says so per resource', async () => {
    const { podId, namespace } = newPod();
    const documents = [
      app('web', { replicas: 2 }),
      route('web', 'web', 8080),
      config('settings', { 'a.txt': 'a' }),
    ];
    const revisionId = harness.store.deploy(podId, documents);
    await waitForState(harness, revisionId, 'deployed');
    expect(harness.store.revision(revisionId).checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(harness.store.statuses.get(podId)).toMatchObject([
      { kind: 'App', name: 'web', healthy: true, status: { phase: 'Ready', readyReplicas: 2 } },
      { kind: 'Route', name: 'web', healthy: true, status: { ready: true } },
      { kind: 'Config', name: 'settings', healthy: true, status: null },
    ]);
    // Health is read from instances and their ReplicaSet; the Deployment counts them a moment later.
    await waitFor(async () => at(await deployment(namespace, 'web'), 'status', 'readyReplicas') === 2, {
      timeoutMs: 10_000,
      what: 'the Deployment to count both instances',
    });
  });

  test('is not deployed while visitors may still be answered by the version before', async () => {
    const { podId, namespace } = newPod();
    const version = (env: string) => [
      app('web', { env: [{ name: 'VERSION', value: env }] }),
      route('web', 'web', 8080),
    ];
    await waitForState(harness, harness.store.deploy(podId, version('1')), 'deployed');
    const { items } = await harness.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const [before] = items;
    if (before === undefined || items.length > 1) throw new Error(`${items.length} instances instead of one`);
    // So that the instance can be looked at when it is gone.
    const k8sPod = { ...before, apiVersion: 'v1', kind: 'Pod' };
    await harness.kube.patch(k8sPod, { metadata: { finalizers: ['brainpod.test/kept'] } }, 'merge');
    await waitForState(harness, harness.store.deploy(podId, version('2')), 'deployed');
    const deployedAtMs = Date.now();
    const ended = observeK8sPod((await harness.kube.get(k8sPod)) ?? k8sPod);
    await harness.kube.patch(k8sPod, { metadata: { finalizers: null } }, 'merge');
    expect(deployedAtMs - (ended.endingSinceMs ?? Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(
      EDGE_SETTLE_MS,
    );
  });

  test('prunes what the new revision no longer names, and only after it is deployed', async () => {
    const { podId, namespace } = newPod();
    const first = harness.store.deploy(podId, [app('web'), app('old'), config('notes', { a: 'a' })]);
    await waitForState(harness, first, 'deployed');
    const failing = harness.store.deploy(podId, [app('web', { image: MISSING })]);
    await waitForState(harness, failing, 'failed');
    await settle(harness);
    expect(await deployment(namespace, 'old')).not.toBeNull();
    const second = harness.store.deploy(podId, [app('web')]);
    await waitForState(harness, second, 'deployed');
    await settle(harness);
    expect(await deployment(namespace, 'old')).toBeNull();
    const maps = await harness.kube.list({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      labelSelector: 'brainpod.io/kind=config',
    });
    expect(maps.items).toEqual([]);
    expect(await deployment(namespace, 'web')).not.toBeNull();
  });

  test('that cannot get healthy fails early with the reason, and the version before is applied anew', async () => {
    const { podId, namespace } = newPod();
    const good = harness.store.deploy(podId, [app('web')]);
    await waitForState(harness, good, 'deployed');
    const image = await imageOf(namespace, 'web');
    const bad = harness.store.deploy(podId, [app('web', { image: CRASHING })]);
    await waitForState(harness, bad, 'failed', 10_000);
    expect(harness.store.revision(bad)).toMatchObject({ checksum: null });
    expect(harness.store.revision(bad).error).toContain(
      'App "web" exited with code 1, 3 times instead of running on.',
    );
    await waitFor(async () => (await imageOf(namespace, 'web')) === image, {
      timeoutMs: 5_000,
      what: 'the old image',
    });
    await settle(harness);
    expect(harness.store.statuses.get(podId)).toMatchObject([{ name: 'web', healthy: true }]);
  });

  test('names the port that a Route leads to when nothing answers there in time', async () => {
    await harness.stop();
    harness = await startHarness({
      kubeconfig: cluster.kubeconfig,
      behaviours: { [SILENT]: neverReady },
      deployTimeoutMs: 3_000,
    });
    const { podId } = newPod();
    const revisionId = harness.store.deploy(podId, [
      app('web', { image: SILENT }),
      route('shop', 'web', 8080),
    ]);
    await waitForState(harness, revisionId, 'failed');
    expect(harness.store.revision(revisionId).error).toContain(
      'App "web" runs, but never answered on port 8080, which Route "shop" names.',
    );
  });

  test('that never had a predecessor leaves nothing running when it fails', async () => {
    const { podId, namespace } = newPod();
    const revisionId = harness.store.deploy(podId, [app('web', { image: MISSING })]);
    await waitForState(harness, revisionId, 'failed');
    expect(harness.store.revision(revisionId).error).toContain('was not found');
    await settle(harness);
    expect(await deployment(namespace, 'web')).toBeNull();
    expect(harness.store.statuses.get(podId)).toEqual([]);
    harness.store.revision(revisionId).documents = [app('web')];
    harness.store.redeploy(revisionId);
    await waitForState(harness, revisionId, 'deployed');
  });

  test('goes on where it was when the server is replaced in the middle', async () => {
    const { podId } = newPod();
    for (let round = 0; round < 4; round++) {
      const revisionId = harness.store.deploy(podId, [
        app('web', { replicas: 1 + round }),
        route('web', 'web', 80 + round),
      ]);
      await waitFor(() => harness.store.revision(revisionId).state === 'ready' || undefined, {
        timeoutMs: 10_000,
        what: 'ready',
      });
      await harness.restart();
      await waitForState(harness, revisionId, 'deployed');
    }
  });

  test('writes nothing more once its lock is lost, until it has it again', async () => {
    const writes = new Map<string, number>();
    const { podId, namespace } = newPod();
    const { store } = harness;
    let release: () => void = () => undefined;
    await harness.stop();
    harness = await startHarness({
      kubeconfig: cluster.kubeconfig,
      store,
      wrap: (transport) =>
        new UnreliableTransport(
          transport,
          (_namespace, writeNumber) => {
            if (writeNumber === 20) release = store.takeLock(podId);
            return null;
          },
          writes,
        ),
    });
    const revisionId = store.deploy(podId, [app('web'), route('web', 'web', 8080), config('c', { a: 'b' })]);
    await waitFor(() => (writes.get(namespace) ?? 0) >= 20, {
      timeoutMs: 10_000,
      what: 'the lock to be lost',
    });
    const passes = harness.reconciler().stats().queue;
    // Several tries to get it back go by.
    await waitFor(() => harness.reconciler().stats().queue.done >= passes.done + 2, {
      timeoutMs: 10_000,
      what: 'tries',
    });
    // Calls that were on their way when the lock went are not called back.
    expect(writes.get(namespace)).toBeLessThanOrEqual(20 + 6);
    expect(store.revision(revisionId).state).not.toBe('deployed');
    release();
    await waitForState(harness, revisionId, 'deployed');
  });

  test('whose time ran out while no server was there fails at the next start', async () => {
    const { podId } = newPod();
    const longAgo = new Date(Date.now() - 3_600_000);
    const revisionId = harness.store.deploy(podId, [app('web', { image: SILENT })], longAgo);
    await waitForState(harness, revisionId, 'failed', 5_000);
  });
});

describe('what is live', () => {
  test('is not written again while nothing changes', async () => {
    const { podId } = newPod();
    const revisionId = harness.store.deploy(podId, [
      app('web'),
      route('web', 'web', 8080),
      config('c', { a: 'b' }),
    ]);
    await waitForState(harness, revisionId, 'deployed');
    await settle(harness);
    const before = harness.reconciler().stats();
    for (let pass = 0; pass < 3; pass++) {
      harness.store.touch(podId);
      await waitFor(() => harness.reconciler().stats().queue.done > before.queue.done + pass, {
        timeoutMs: 5_000,
        what: 'another pass',
      });
    }
    const after = harness.reconciler().stats();
    expect(after.writes.skipped).toBeGreaterThan(before.writes.skipped);
    expect({ ...after.writes, skipped: 0 }).toEqual({ ...before.writes, skipped: 0 });
  });

  test('is repaired when an object is deleted or changed by hand', async () => {
    const { podId, namespace } = newPod();
    const documents = [app('web'), route('web', 'web', 8080), config('c', { a: 'b' })];
    await waitForState(harness, harness.store.deploy(podId, documents), 'deployed');
    await settle(harness);
    const { items: maps } = await harness.kube.list({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      labelSelector: 'brainpod.io/pod',
    });
    const [map] = maps;
    if (map === undefined) throw new Error('no ConfigMap was made');
    await harness.kube.delete(map);
    await harness.kube.delete({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace } });
    const web = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } };
    const byHand = { spec: { replicas: 0, template: { spec: { terminationGracePeriodSeconds: 50 } } } };
    await harness.kube.patch(web, byHand, 'merge');
    await waitFor(async () => at(await deployment(namespace, 'web'), 'spec', 'replicas') === 1, {
      timeoutMs: 5_000,
      what: 'replicas',
    });
    expect(
      at(await deployment(namespace, 'web'), 'spec', 'template', 'spec', 'terminationGracePeriodSeconds'),
    ).not.toBe(50);
    await waitFor(async () => (await harness.kube.get(map)) !== null, {
      timeoutMs: 5_000,
      what: 'the ConfigMap',
    });
    await waitFor(
      async () =>
        (await harness.kube.get({
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web', namespace },
        })) !== null,
      { timeoutMs: 5_000, what: 'the Service' },
    );
  });

  test('gets an immutable object back that somebody replaced by another', async () => {
    const { podId, namespace } = newPod();
    await waitForState(
      harness,
      harness.store.deploy(podId, [app('web'), config('c', { a: 'b' })]),
      'deployed',
    );
    await settle(harness);
    const query = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      labelSelector: 'brainpod.io/kind=config',
    };
    const [map] = (await harness.kube.list(query)).items;
    if (map === undefined) throw new Error('no ConfigMap was made');
    await harness.kube.delete(map);
    const { name, labels } = map.metadata;
    await harness.kube.apply(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace, ...(labels ? { labels } : {}) },
        immutable: true,
        data: { a: 'x' },
      },
      { fieldManager: 'somebody' },
    );
    await waitFor(async () => at(await harness.kube.get(map), 'data', 'a') === 'b', {
      timeoutMs: 5_000,
      what: 'the right content',
    });
  });

  test('shows within two seconds when an app is no longer healthy', async () => {
    const { podId, namespace } = newPod();
    await waitForState(harness, harness.store.deploy(podId, [app('web')]), 'deployed');
    const { items } = await harness.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const [k8sPod] = items;
    if (k8sPod === undefined) throw new Error('no k8s pod');
    await harness.kube.delete(k8sPod, { gracePeriodSeconds: 0 });
    await waitFor(() => harness.store.statuses.get(podId)?.[0]?.healthy === false, {
      timeoutMs: 2_000,
      what: 'the status to show it',
      everyMs: 2,
    });
  });
});

describe('without anything that serves routes', () => {
  test('a Route fails and says why', async () => {
    await harness.stop();
    harness = await startHarness({
      kubeconfig: cluster.kubeconfig,
      gatewayActs: false,
      deployTimeoutMs: 2_500,
      platform: {
        ...PLATFORM,
        gateway: { ...PLATFORM.gateway, namespace: 'brainpod-other' },
        gatewayClass: 'nobody',
      },
    });
    const { podId } = newPod();
    const revisionId = harness.store.deploy(podId, [app('web'), route('web', 'web', 80)]);
    await waitForState(harness, revisionId, 'failed');
    expect(harness.store.revision(revisionId).error).toContain(
      'nothing in this cluster acts for gateways of class "nobody"',
    );
  });
});
