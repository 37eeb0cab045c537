import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differences } from '../test/cluster-state.ts';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { type Harness, PULL_SECRETS, startHarness, waitForState } from '../test/harness.ts';
import { crashing } from '../test/stand-in-node.ts';
import { type Breakage, UnreliableTransport } from '../test/unreliable-transport.ts';

const CRASHING = 'docker.io/demo/crashing:1';
// Every write takes a pod's whole life: all of them in npm run verify, each fourth here. Each kind of breakage has its turn.
const STRIDE = process.env.BRAINPOD_TEST_EVERY_STEP === '1' ? 1 : 4;
const BREAKAGES: Breakage[] = ['refused', 'answer lost', 'server error'];

let cluster: ApiServer;

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
});

afterAll(() => cluster?.remove());

/** A pod's whole life: a first version, one that fails, and one that drops and adds resources. */
async function live(harness: Harness, podId: string): Promise<void> {
  const first = [app('web'), app('old'), route('web', 'web', 8080), config('c', { a: '1' })];
  await waitForState(harness, harness.store.deploy(podId, first), 'deployed', 60_000);
  const bad = [app('web', { image: CRASHING }), route('web', 'web', 9090)];
  await waitForState(harness, harness.store.deploy(podId, bad), 'failed', 60_000);
  const second = [app('web'), route('web', 'web', 9090), config('c', { a: '2' })];
  await waitForState(harness, harness.store.deploy(podId, second), 'deployed', 60_000);
}

test('whichever write fails, and however, the end is the same', { timeout: 240_000 }, async () => {
  const plan = new Map<string, { writeNumber: number; breakage: Breakage }>();
  const writes = new Map<string, number>();
  const harness = await startHarness({
    kubeconfig: cluster.kubeconfig,
    behaviours: { [CRASHING]: crashing(2) },
    deployTimeoutMs: 60_000,
    wrap: (transport) =>
      new UnreliableTransport(
        transport,
        (namespace, writeNumber) => {
          const planned = plan.get(namespace);
          return planned?.writeNumber === writeNumber ? planned.breakage : null;
        },
        writes,
      ),
  });
  try {
    const deps = { kube: harness.kube, store: harness.store, platform: PLATFORM, pullSecrets: PULL_SECRETS };
    const reference = harness.store.addPod('flawless');
    await live(harness, reference);
    await waitFor(async () => (await differences(deps, reference)).length === 0, {
      timeoutMs: 10_000,
      what: 'the reference',
    });
    const total = writes.get('bp-flawless') ?? 0;
    expect(total).toBeGreaterThan(30);
    const podIds: string[] = [];
    for (let writeNumber = 1; writeNumber <= total; writeNumber += STRIDE) {
      const breakage = BREAKAGES[writeNumber % BREAKAGES.length] ?? 'refused';
      const name = `fails-at-${writeNumber}`;
      plan.set(`bp-${name}`, { writeNumber, breakage });
      podIds.push(harness.store.addPod(name));
    }
    // A few at a time: side by side they are faster, all at once they would only wait for each other.
    const queue = podIds.values();
    const worker = async (): Promise<void> => {
      for (const podId of queue) {
        await live(harness, podId);
        await waitFor(async () => (await differences(deps, podId)).length === 0, {
          timeoutMs: 30_000,
          what: `${podId} to be as its revision says`,
          everyMs: 200,
        });
      }
    };
    await Promise.all(Array.from({ length: 6 }, worker));
    const broken = podIds.filter((podId) => (writes.get(podId.replace('id-of-', 'bp-')) ?? 0) > 0);
    expect(broken).toHaveLength(Math.ceil(total / STRIDE));
  } finally {
    await harness.stop();
  }
});
