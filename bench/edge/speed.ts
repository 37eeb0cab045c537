/**
 * Run by bench/edge.ts inside the engine's network namespace. Asks the instance itself, Brainpod's edge and the peers by turns:
 * at a rate, and as much as they can. Prints its figures in JSON.
 */
import { serveAccessLog } from '@brainpod/edge/access-log/access-log-server';
import { waitFor } from '@brainpod/testkit/wait-for';
import { familyOf, memoryMiB, ProcessorClock } from '../processes.ts';
import type { Engine } from './beside-engine.ts';
import { Ground, hostOf, ORIGIN_TLS_PORT } from './ground.ts';
import { type LoadOptions, startLoad } from './load.ts';
import { type Peer, startPeers } from './peers.ts';
import type { LoadPrograms, Peers } from './programs.ts';
import type { Cell, Speed, Work } from './speed-report.ts';

type Settings = Engine & {
  programs: LoadPrograms;
  peers: Peers;
  rounds: number;
  /** Of each measurement. */
  seconds: number;
};

const RATE = 1_000;
const CONNECTIONS = { h1: 32, h2: 8 };
const WORKERS = 32;
const WORKS: readonly Work[] = [
  { protocol: 'h1', path: '/small', bytes: 32 },
  { protocol: 'h2', path: '/small', bytes: 32 },
  { protocol: 'h1', path: '/large', bytes: 102_400 },
  { protocol: 'h2', path: '/large', bytes: 102_400 },
];
const READY_TIMEOUT_MS = 30_000;
const HOST = hostOf('bench', 'web');

// Written by beside-engine.ts.
const settings = JSON.parse(process.argv[2] ?? '') as Settings;
let told = 0;
const log = await serveAccessLog({
  socket: settings.accessLogSocket,
  onRecords: (records) => {
    told += records.length;
  },
  onFault: (error) => {
    throw error;
  },
});
const ground = await Ground.open(settings, settings.programs);
try {
  for (const object of ground.objectsOf('bench', ['web'])) await ground.kube.apply(object);
  await waitFor(async () => (await edgeStatus()) === 200, {
    timeoutMs: READY_TIMEOUT_MS,
    what: 'the edge to serve the Route',
  });
  const targets: Peer[] = [
    { name: 'the instance itself', address: `127.0.0.1:${ORIGIN_TLS_PORT}`, pid: ground.originPid },
    { name: 'Brainpod (Envoy)', address: '127.0.0.1:443', pid: settings.pids.envoy },
    ...(await startPeers(ground, settings.peers)),
  ];
  await warm(targets);
  const cells: Cell[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    console.error(`round ${round + 1} of ${settings.rounds}`);
    for (const work of WORKS) for (const target of targets) cells.push(await measure(target, work));
  }
  const memory = targets.map(({ name, pid }) => ({
    name,
    memoryMiB: familyOf(pid).reduce((sum, one) => sum + memoryMiB(one), 0),
  }));
  const speed: Speed = { cells, memory, told };
  console.log(JSON.stringify(speed));
} finally {
  await ground.close();
  await log.close();
}

/** 0 while nothing listens. */
async function edgeStatus(): Promise<number> {
  try {
    return await ground.statusOf(HOST);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}

/** So that each has read and compiled what it will need, and listens. */
async function warm(targets: readonly Peer[]): Promise<void> {
  for (const { name, address } of targets) {
    for (const work of WORKS) {
      const { failed, faults } = await startLoad(settings.programs, {
        ...options(address, work),
        rate: RATE,
        seconds: 0.5,
      }).ended;
      if (failed > 0) throw new Error(`${name}, ${work.protocol} ${work.path}: ${faults.join('; ')}`);
    }
  }
}

async function measure({ name, address, pid }: Peer, work: Work): Promise<Cell> {
  const { seconds } = settings;
  const ask = options(address, work);
  const atRate = await startLoad(settings.programs, { ...ask, rate: RATE, seconds }).ended;
  const clock = new ProcessorClock(familyOf(pid));
  const most = await startLoad(settings.programs, { ...ask, rate: 0, seconds }).ended;
  const failed = atRate.failed + most.failed;
  if (failed > 0) console.error(`${name}: ${[...atRate.faults, ...most.faults].join('; ')}`);
  return {
    target: name,
    work,
    p50Ms: atRate.p50Ms,
    p99Ms: atRate.p99Ms,
    perSecond: most.perSecond,
    microseconds: (clock.usedSeconds() * 1e6) / most.requests,
    failed,
  };
}

function options(address: string, { protocol, path, bytes }: Work): Omit<LoadOptions, 'rate' | 'seconds'> {
  return {
    address,
    hosts: [HOST],
    authority: ground.files.authority,
    protocol,
    path,
    bytes,
    connections: CONNECTIONS[protocol],
    workers: WORKERS,
  };
}
