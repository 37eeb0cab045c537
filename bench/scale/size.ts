import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@brainpod/store/store';
import type { PostgresServer } from '@brainpod/testkit/postgres';
import { waitFor } from '@brainpod/testkit/wait-for';
import { freePort } from '../free-port.ts';
import { childrenOf, cpuSeconds, memoryMiB, ProcessorClock } from '../processes.ts';
import { type Changes, measureChanges } from './change.ts';
import type { ScaleCluster } from './cluster.ts';
import { allMended, breakEachPod } from './drift.ts';
import { deployAll, type PopulatedPod } from './population.ts';
import { MeasuredReconciler } from './reconciler.ts';
import type { Counts, Settings, Weight } from './reconciler-messages.ts';
import { MeasuredServer } from './server.ts';

/** What is measured in; `cluster` and the database hold nothing yet. */
export type Ground = {
  store: Store;
  postgres: PostgresServer;
  database: { host: string; user: string; database: string };
  cluster: ScaleCluster;
  profileDir: string | null;
  say: (text: string) => void;
};

/** Percent of one core. */
type Idle = { ours: number; postgres: number; kubernetes: number };

export type Measured = {
  deploy: { seconds: number; tookMs: number[]; calls: Record<string, number> };
  weight: Weight & { bytesPerObject: number };
  resync: { seconds: number; cpuSeconds: number; tookMs: number[]; calls: Record<string, number> };
  idle: Idle;
  change: Changes & { tookMs: number[] };
  restart: { seconds: number; calls: Record<string, number> };
  server: { seconds: number; memoryMiB: number; idle: Idle };
};

const TIMEOUT_MS = 1_200_000;
const IDLE_SECONDS = 60;
// Long enough for an idle minute between two.
const RESYNC_INTERVAL_MS = 120_000;

/** Measures the reconciler with these pods, which are still drafts. */
export async function measureSize(
  ground: Ground,
  makePods: () => Promise<PopulatedPod[]>,
  rounds: number,
): Promise<{ measured: Measured; pods: PopulatedPod[] }> {
  const { store, cluster, say } = ground;
  const settings: Settings = {
    database: ground.database,
    kubeconfig: cluster.kubeconfig,
    resyncIntervalMs: RESYNC_INTERVAL_MS,
  };
  const first = MeasuredReconciler.start(settings, ground.profileDir);
  try {
    await first.atRest(TIMEOUT_MS);
    const empty = await first.ask('weigh');
    const pods = await makePods();
    await first.atRest(TIMEOUT_MS);
    await first.ask('forget');
    say(`deploying ${pods.length} pods`);
    const seconds = await deployAll(store, pods, TIMEOUT_MS);
    await first.atRest(TIMEOUT_MS);
    const deploy = { seconds, ...tookAndCalls(await first.ask('count')) };
    const weight = comparedWith(empty, await first.ask('weigh'));
    say('waiting for a resync');
    const resync = await measureResync(first, pods);
    say(`idle for ${IDLE_SECONDS} s`);
    const idle = await measureIdle(ground, async () => (await first.ask('look')).cpuMs / 1000);
    say(`${rounds} changes`);
    await first.ask('forget');
    const changes = await measureChanges({ store, kube: cluster.kube, pods, rounds });
    const change = { ...changes, tookMs: tookAndCalls(await first.ask('count')).tookMs };
    await first.stop();
    say('starting anew');
    const restart = await measureRestart(settings, ground, pods);
    const server = await measureServer(ground, pods);
    return { measured: { deploy, weight, resync, idle, change, restart, server }, pods };
  } finally {
    await first.kill();
  }
}

function tookAndCalls({ reconciles, calls }: Counts): { tookMs: number[]; calls: Record<string, number> } {
  return { tookMs: reconciles.map(({ tookMs }) => tookMs), calls };
}

function comparedWith(empty: Weight, full: Weight): Measured['weight'] {
  const grownBytes = (full.heapMiB - empty.heapMiB) * 2 ** 20;
  return { ...full, bytesPerObject: grownBytes / (full.cachedObjects - empty.cachedObjects) };
}

/** The next resync that begins by itself: until each pod has been looked at. */
async function measureResync(
  reconciler: MeasuredReconciler,
  pods: readonly PopulatedPod[],
): Promise<Measured['resync']> {
  await reconciler.ask('forget');
  const before = await reconciler.ask('look');
  const { beganAtMs, endedAtMs } = await waitFor(
    async () => {
      const counts = await reconciler.ask('count');
      const [at] = counts.resyncsAtMs;
      const lastAtMs = at === undefined ? null : lastLook(counts, pods, at);
      return at === undefined || lastAtMs === null ? false : { beganAtMs: at, endedAtMs: lastAtMs };
    },
    { timeoutMs: 2 * RESYNC_INTERVAL_MS, what: 'a resync', everyMs: 500 },
  );
  await reconciler.atRest(TIMEOUT_MS);
  const after = await reconciler.ask('look');
  return {
    seconds: (endedAtMs - beganAtMs) / 1000,
    cpuSeconds: (after.cpuMs - before.cpuMs) / 1000,
    ...tookAndCalls(await reconciler.ask('count')),
  };
}

/** When the last of the pods was looked at for the first time since then; null while one was not. */
function lastLook({ reconciles }: Counts, pods: readonly PopulatedPod[], sinceMs: number): number | null {
  const first = new Map<string, number>();
  for (const { podId, endedAtMs } of reconciles) {
    if (endedAtMs >= sinceMs && !first.has(podId)) first.set(podId, endedAtMs);
  }
  if (pods.some(({ id }) => !first.has(id))) return null;
  return Math.max(...first.values());
}

async function measureIdle(ground: Ground, oursSeconds: () => Promise<number>): Promise<Idle> {
  const postgres = new ProcessorClock(postgresPids(ground));
  const kubernetes = new ProcessorClock(ground.cluster.pids);
  const before = await oursSeconds();
  await delay(IDLE_SECONDS * 1000);
  const percent = (used: number): number => (used / IDLE_SECONDS) * 100;
  return {
    ours: percent((await oursSeconds()) - before),
    postgres: percent(postgres.usedSeconds()),
    kubernetes: percent(kubernetes.usedSeconds()),
  };
}

function postgresPids({ postgres }: Ground): number[] {
  const { pid } = postgres;
  return pid === null ? [] : [pid, ...childrenOf(pid)];
}

/** From the start of the process until each pod has been looked at. */
async function measureRestart(
  settings: Settings,
  { cluster }: Ground,
  pods: readonly PopulatedPod[],
): Promise<Measured['restart']> {
  await breakEachPod(cluster.kube, pods);
  const began = performance.now();
  const reconciler = MeasuredReconciler.start(settings, null);
  try {
    await allMended(cluster.kube, pods, TIMEOUT_MS);
    const seconds = (performance.now() - began) / 1000;
    await reconciler.atRest(TIMEOUT_MS);
    return { seconds, calls: (await reconciler.ask('count')).calls };
  } finally {
    await reconciler.kill();
  }
}

/** The whole server, started anew; its first start only takes over what the reconciler alone has made. */
async function measureServer(ground: Ground, pods: readonly PopulatedPod[]): Promise<Measured['server']> {
  await (await startAndMend(ground, pods)).server.stop();
  const { server, seconds } = await startAndMend(ground, pods);
  try {
    ground.say(`the whole server idle for ${IDLE_SECONDS} s`);
    await quiet(server);
    const idle = await measureIdle(ground, () => Promise.resolve(cpuSeconds(server.pid)));
    return { seconds, memoryMiB: memoryMiB(server.pid), idle };
  } finally {
    await server.stop();
  }
}

async function startAndMend(
  { cluster, database }: Ground,
  pods: readonly PopulatedPod[],
): Promise<{ server: MeasuredServer; seconds: number }> {
  await breakEachPod(cluster.kube, pods);
  const port = await freePort();
  const began = performance.now();
  const server = await MeasuredServer.start({ database, kubeconfig: cluster.kubeconfig, port });
  try {
    await allMended(cluster.kube, pods, TIMEOUT_MS);
    return { server, seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Waits until the server has used next to no processor time for two seconds. */
async function quiet(server: MeasuredServer): Promise<void> {
  let last = cpuSeconds(server.pid);
  await waitFor(
    () => {
      const used = cpuSeconds(server.pid) - last;
      last += used;
      return used < 0.1;
    },
    { timeoutMs: TIMEOUT_MS, what: 'the server to come to rest', everyMs: 2_000 },
  );
}
