import { setTimeout as delay } from 'node:timers/promises';
import type { KubeRequest, Transport } from '@brainpod/kube/transport';
import type { ResourceDocument } from '@brainpod/model/document';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differences } from '../test/cluster-state.ts';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { type Harness, PULL_SECRETS, startHarness } from '../test/harness.ts';
import { MemoryStore } from '../test/memory-store.ts';
import { crashing } from '../test/stand-in-node.ts';
import { WRITTEN_KINDS } from './managed-kinds.ts';

const CRASHING = 'docker.io/demo/crashing:1';
const NEXT_YEAR = new Date(Date.now() + 365 * 86_400_000);

let cluster: ApiServer;

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
});

afterAll(() => cluster?.remove());

/** The same numbers in 0 to 1 for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Answers come late, in an order that only the seed knows. */
function slow(transport: Transport, random: () => number): Transport {
  return {
    async send(request: KubeRequest): Promise<string> {
      await delay(random() * 15);
      const answer = await transport.send(request);
      await delay(random() * 15);
      return answer;
    },
    stream: (request) => transport.stream(request),
    tunnel: (request) => transport.tunnel(request),
    close: () => transport.close(),
  };
}

function randomDocuments(random: () => number): ResourceDocument[] {
  const documents: ResourceDocument[] = [];
  for (const name of ['a', 'b', 'c']) {
    if (random() < 0.4) continue;
    const image = random() < 0.15 ? CRASHING : `docker.io/demo/${name}:${Math.floor(random() * 3)}`;
    documents.push(app(name, { image }));
    const port = 8000 + Math.floor(random() * 3);
    if (random() < 0.6) documents.push(route(`${name}-route`, name, port));
  }
  if (random() < 0.5) documents.push(config('settings', { level: String(Math.floor(random() * 3)) }));
  return documents;
}

/** What people may do with a pod beside deploying, as far as its state allows it now. */
function meddle(store: MemoryStore, podId: string, random: () => number): void {
  const pod = store.pods.get(podId);
  if (pod === undefined) return;
  const onItsWay = [...store.revisions.values()].find(
    (revision) => revision.podId === podId && (revision.state === 'pending' || revision.state === 'ready'),
  );
  const dice = random();
  if (onItsWay !== undefined) {
    if (dice < 0.6) store.cancel(onItsWay.revisionId);
    return;
  }
  if (dice < 0.4) store.change(podId, { isStopped: !pod.isStopped });
  else if (dice < 0.6) store.change(podId, { eraseAfter: pod.eraseAfter === null ? NEXT_YEAR : null });
  else if (!pod.isStopped && pod.deployedId !== null)
    store.restart(podId, ['a', 'b', 'c'][Math.floor(random() * 3)] ?? 'a');
}

async function vandalize(harness: Harness, namespace: string, random: () => number): Promise<void> {
  const kinds = WRITTEN_KINDS.filter(
    ({ kind }) => kind !== 'Namespace' && kind !== 'Gateway' && !kind.startsWith('Validating'),
  );
  const kind = kinds[Math.floor(random() * kinds.length)];
  if (kind === undefined || !(await harness.kube.hasResource(kind.apiVersion, kind.kind))) return;
  const { items } = await harness.kube.list({ ...kind, namespace, labelSelector: 'brainpod.io/pod' });
  const victim = items[Math.floor(random() * items.length)];
  if (victim !== undefined) await harness.kube.delete(victim);
}

test.each([1, 2, 3])(
  'two servers, changes of mind, vandalism and crashes in the order of seed %i end well',
  { timeout: 120_000 },
  async (seed) => {
    const random = seeded(seed);
    const store = new MemoryStore();
    const options = {
      kubeconfig: cluster.kubeconfig,
      store,
      behaviours: { [CRASHING]: crashing(2) },
      deployTimeoutMs: 30_000,
    };
    const one = await startHarness({ ...options, wrap: (transport) => slow(transport, random) });
    const two = await startHarness({ ...options, wrap: (transport) => slow(transport, random) });
    try {
      const podIds = [0, 1, 2].map((pod) => store.addPod(`seed-${seed}-${pod}`));
      for (let step = 0; step < 40; step++) {
        const podId = podIds[Math.floor(random() * podIds.length)] ?? '';
        const dice = random();
        if (dice < 0.3) store.deploy(podId, randomDocuments(random));
        else if (dice < 0.5) meddle(store, podId, random);
        else if (dice < 0.75) await vandalize(one, podId.replace('id-of-', 'bp-'), random);
        else if (dice < 0.85) await (random() < 0.5 ? one : two).restart();
        else await delay(random() * 300);
      }
      // Of a stopped or deleted pod no deploy can end.
      for (const podId of podIds) store.change(podId, { isStopped: false, eraseAfter: null });
      const revisions = (): string[] => [...store.revisions.values()].map(({ state }) => state);
      const isEnd = (state: string): boolean => ['deployed', 'failed', 'canceled'].includes(state);
      await waitFor(() => revisions().every(isEnd), { timeoutMs: 60_000, what: 'all revisions to end' });
      await waitFor(() => store.restarts.every(({ finishedAt }) => finishedAt !== null), {
        timeoutMs: 60_000,
        what: 'all restarts to end',
      });
      expect(revisions()).toContain('deployed');
      const deps = { kube: one.kube, store, platform: PLATFORM, pullSecrets: PULL_SECRETS };
      for (const podId of podIds) {
        let found: string[] = [];
        await waitFor(
          async () => {
            found = await differences(deps, podId);
            return found.length === 0;
          },
          { timeoutMs: 20_000, what: 'the cluster to be as the store says', everyMs: 200 },
        ).catch((cause: unknown) => {
          throw new Error(`${podId} differs: ${found.join(', ')}`, { cause });
        });
      }
    } finally {
      await one.stop();
      await two.stop();
    }
  },
);
