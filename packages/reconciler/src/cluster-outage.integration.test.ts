import { KubeError } from '@brainpod/kube/kube-error';
import { type ApiServer, installGatewayApi, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { differences } from '../test/cluster-state.ts';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { type Harness, PULL_SECRETS, settle, startHarness, waitForState } from '../test/harness.ts';

let cluster: ApiServer;
let harness: Harness;

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
});

afterAll(() => cluster?.remove());
afterEach(() => harness.stop());

const DOCUMENTS = [app('web', { replicas: 2 }), route('web', 'web', 8080), config('c', { a: 'b' })];

async function isAsItShouldBe(deps: Parameters<typeof differences>[0], podId: string): Promise<boolean> {
  try {
    return (await differences(deps, podId)).length === 0;
  } catch (error) {
    // The cluster has only begun to get its kinds (404 until they are served) and namespaces back.
    if (error instanceof KubeError && (error.retryable || error.status === 404)) return false;
    throw error;
  }
}

test('after a wipe of the cluster everything comes back from the store', { timeout: 90_000 }, async () => {
  harness = await startHarness({ kubeconfig: cluster.kubeconfig });
  const podIds = ['one', 'two'].map((name) => harness.store.addPod(name));
  for (const podId of podIds) await waitForState(harness, harness.store.deploy(podId, DOCUMENTS), 'deployed');
  await settle(harness);
  await cluster.wipe();
  await installGatewayApi(harness.kube, testEngineBinDir());
  const deps = { kube: harness.kube, store: harness.store, platform: PLATFORM, pullSecrets: PULL_SECRETS };
  for (const podId of podIds) {
    await waitFor(() => isAsItShouldBe(deps, podId), {
      timeoutMs: 40_000,
      what: 'the objects',
      everyMs: 200,
    });
    await waitFor(() => harness.store.statuses.get(podId)?.every(({ healthy }) => healthy), {
      timeoutMs: 20_000,
      what: 'health',
    });
  }
  // What was deployed stays so: no revision was touched.
  expect([...harness.store.revisions.values()].map(({ state }) => state)).toEqual(['deployed', 'deployed']);
});

test('while the cluster is away a deploy fails in time and says why, and nothing spins', {
  timeout: 90_000,
}, async () => {
  harness = await startHarness({ kubeconfig: cluster.kubeconfig, deployTimeoutMs: 10_000 });
  const podId = harness.store.addPod('away');
  await waitForState(harness, harness.store.deploy(podId, [app('web')]), 'deployed');
  await settle(harness);
  await cluster.down();
  const before = harness.reconciler().stats();
  const revisionId = harness.store.deploy(podId, [app('web', { image: 'docker.io/demo/web:2' })]);
  await waitForState(harness, revisionId, 'failed', 30_000);
  expect(harness.store.revision(revisionId).error).toContain('could not be reached');
  const after = harness.reconciler().stats();
  expect(after.connected).toBe(false);
  // Tries come at growing distances: a handful in the seconds that this took.
  expect(after.queue.failed - before.queue.failed).toBeLessThan(30);
  await cluster.up();
  await waitForState(
    harness,
    harness.store.deploy(podId, [app('web', { image: 'docker.io/demo/web:3' })]),
    'deployed',
    30_000,
  );
});

test('a deploy that began while the cluster is away ends when it is back', { timeout: 90_000 }, async () => {
  harness = await startHarness({ kubeconfig: cluster.kubeconfig, deployTimeoutMs: 60_000 });
  const podId = harness.store.addPod('patient');
  await settle(harness);
  await cluster.down();
  const revisionId = harness.store.deploy(podId, DOCUMENTS);
  await waitFor(() => !harness.reconciler().stats().connected, {
    timeoutMs: 10_000,
    what: 'the outage to be noticed',
  });
  await cluster.up();
  await waitForState(harness, revisionId, 'deployed', 30_000);
});
