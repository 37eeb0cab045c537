/**
 * Run by bench/routes.ts inside the engine's network namespace. Grows the edge from size to size while some of its Routes are
 * asked all the time, and looks at each size how long a new one takes. Prints its figures in JSON.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { serveAccessLog } from '@brainpod/edge/access-log/access-log-server';
import type { KubeObject } from '@brainpod/kube/kube-object';
import { waitFor } from '@brainpod/testkit/wait-for';
import { familyOf, memoryMiB, ProcessorClock, writtenMiB } from '../processes.ts';
import type { Engine } from './beside-engine.ts';
import { Ground, hostOf } from './ground.ts';
import type { Growth, Parts, Size } from './growth-report.ts';
import { startLoad } from './load.ts';
import type { LoadPrograms } from './programs.ts';

type Settings = Engine & {
  programs: LoadPrograms;
  /** Numbers of Routes, growing. */
  sizes: number[];
  /** New Routes that are timed at each size. */
  rounds: number;
};

const APPS_OF_A_POD = 5;
/** The Routes that are asked all the time are those of the first pods, and are asked this often in all. */
const SAMPLE = { pods: 4, rate: 200, connections: 32 };
const APPLIES_AT_ONCE = 8;
const SERVED_TIMEOUT_MS = 120_000;
const LOOK_EVERY_MS = 5;
const REST_MS = 3_000;

// Written by beside-engine.ts.
const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const { pids, programs, sizes, rounds } = settings;
const log = await serveAccessLog({
  socket: settings.accessLogSocket,
  onRecords: () => undefined,
  onFault: (error) => {
    throw error;
  },
});
const ground = await Ground.open(settings, programs);
try {
  const growth: Growth = { empty: partsMiB(), emptyHeapMiB: writtenMiB(pids.envoy), sizes: [] };
  let made = await grow(0, SAMPLE.pods * APPS_OF_A_POD);
  for (const size of sizes) {
    const sample = startSample();
    const before = clocks();
    const began = performance.now();
    made = await grow(made, size);
    const growSeconds = (performance.now() - began) / 1000;
    const used = before();
    const fresh = await timeNewRoutes(size);
    const seen = await sample.stop();
    for (const fault of seen.faults) console.error(fault);
    growth.sizes.push({
      routes: size,
      growSeconds,
      used,
      ...fresh,
      memory: partsMiB(),
      heapMiB: writtenMiB(pids.envoy),
      sample: seen,
    });
  }
  console.log(JSON.stringify(growth));
} finally {
  await ground.close();
  await log.close();
}

function startSample(): ReturnType<typeof startLoad> {
  const hosts = Array.from({ length: SAMPLE.pods }, (_, pod) =>
    appsOf().map((app) => hostOf(podName(pod), app)),
  );
  return startLoad(programs, {
    address: '127.0.0.1:443',
    hosts: hosts.flat(),
    authority: ground.files.authority,
    protocol: 'h1',
    path: '/small',
    bytes: 32,
    connections: SAMPLE.connections,
    workers: SAMPLE.connections,
    rate: SAMPLE.rate,
    seconds: 0,
  });
}

/** Makes pods until there are so many Routes, and waits until the last is served. Gives their number. */
async function grow(from: number, to: number): Promise<number> {
  const pods = Array.from(
    { length: (to - from) / APPS_OF_A_POD },
    (_, index) => from / APPS_OF_A_POD + index,
  );
  const queue = [...pods];
  const worker = async (): Promise<void> => {
    for (let pod = queue.shift(); pod !== undefined; pod = queue.shift()) {
      for (const object of ground.objectsOf(podName(pod), appsOf())) await ground.kube.apply(object);
    }
  };
  await Promise.all(Array.from({ length: APPLIES_AT_ONCE }, worker));
  for (const pod of pods) for (const app of appsOf()) await served(hostOf(podName(pod), app));
  return to;
}

/** Each is the one App of a pod whose instance is there already, and goes again. */
async function timeNewRoutes(size: number): Promise<Pick<Size, 'newMs' | 'usedByNew'>> {
  const newMs: number[] = [];
  await delay(REST_MS);
  const before = clocks();
  for (let round = 0; round < rounds; round++) {
    const [pod, app] = [`new-${size}-${round}`, 'web'];
    const objects = ground.objectsOf(pod, [app]);
    const isRoute = ({ kind }: KubeObject): boolean => kind === 'HTTPRoute';
    for (const object of objects.filter((object) => !isRoute(object))) await ground.kube.apply(object);
    const began = performance.now();
    for (const object of objects.filter(isRoute)) await ground.kube.apply(object);
    await served(hostOf(pod, app));
    newMs.push(performance.now() - began);
  }
  return { newMs, usedByNew: before() };
}

async function served(host: string): Promise<void> {
  await waitFor(async () => (await edgeStatus(host)) === 200, {
    timeoutMs: SERVED_TIMEOUT_MS,
    what: `the edge to serve ${host}`,
    everyMs: LOOK_EVERY_MS,
  });
}

/** 0 while nothing listens. */
async function edgeStatus(host: string): Promise<number> {
  try {
    return await ground.statusOf(host);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}

function podName(pod: number): string {
  return `pod-${pod}`;
}

function appsOf(): string[] {
  return Array.from({ length: APPS_OF_A_POD }, (_, app) => `app-${app}`);
}

function partsMiB(): Parts {
  return ofParts((pid) => familyOf(pid).reduce((sum, one) => sum + memoryMiB(one), 0));
}

/** Seconds of processor time that each has used since. */
function clocks(): () => Parts {
  const before = ofParts((pid) => new ProcessorClock(familyOf(pid)));
  return () => ofParts((_pid, name) => before[name].usedSeconds());
}

function ofParts<T>(figure: (pid: number, name: keyof Parts) => T): Parts<T> {
  return {
    envoy: figure(pids.envoy, 'envoy'),
    envoyGateway: figure(pids.envoyGateway, 'envoyGateway'),
    apiserver: figure(pids.apiserver, 'apiserver'),
  };
}
