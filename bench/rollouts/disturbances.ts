import { rm, utimes } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { until } from '../../e2e/brainpod.ts';
import { Victims } from '../../tools/rehearse/victims.ts';
import type { SteadyPod } from '../../tools/traffic/steady-pod.ts';
import type { Bench } from '../bench.ts';

/** Something that is done to a running app, and how many times it rolls the app out. */
export type Disturbance = { what: string; rollouts: number; run(): Promise<void> };

const BACK_TIMEOUT_MS = 120_000;

/** What is done, by turns. */
export function disturbances(pod: SteadyPod, onlyRollouts: boolean): Disturbance[] {
  const deployed = async (deploy: Promise<{ state: string; error: string | null }>): Promise<void> => {
    const { state, error } = await deploy;
    if (state !== 'deployed') throw new Error(`a deploy that should have worked is ${state}: ${error}`);
  };
  const roll: Disturbance = {
    what: 'a rollout of both apps',
    rollouts: 2,
    run: () => deployed(pod.rollOut('steady', 'spare')),
  };
  if (onlyRollouts) return [roll];
  const edit = (what: string, rules: Parameters<SteadyPod['lead']>[0], timeout = 60): Disturbance => ({
    what,
    rollouts: 0,
    run: () => deployed(pod.lead(rules, timeout)),
  });
  const scale = (replicas: number): Disturbance => ({
    what: `${replicas} instances`,
    rollouts: 0,
    run: () => deployed(pod.scale(replicas)),
  });
  const more = [{ path: '/', app: 'steady' } as const, { path: '/more', app: 'spare' } as const];
  return [
    ...[
      roll,
      edit('a rule added', more),
      roll,
      edit('led to another app', [{ path: '/', app: 'spare' }]),
      roll,
    ],
    ...[edit('another time-out', [{ path: '/', app: 'spare' }], 90), roll, brokenImage(pod), roll],
    ...[
      edit('led back', [{ path: '/', app: 'steady' }]),
      scale(3),
      roll,
      scale(2),
      newCertificate(pod.bench),
      roll,
    ],
    ...newEdge(pod.bench),
  ];
}

function brokenImage(pod: SteadyPod): Disturbance {
  return {
    what: 'an image that cannot start',
    rollouts: 0,
    async run() {
      const { state } = await pod.rollOutBroken();
      if (state !== 'failed') throw new Error(`a deploy of an image that cannot start is ${state}`);
    },
  };
}

/** The server makes a new certificate when it starts and finds none. */
function newCertificate(bench: Bench): Disturbance {
  return {
    what: 'the server started anew, with a new certificate',
    rollouts: 0,
    async run() {
      const victims = new Victims(bench);
      const before = await victims.pidOf('server');
      await rm(path.join(bench.dataDir, 'server/wildcard.crt'));
      process.kill(before, 'SIGTERM');
      await until('the server', BACK_TIMEOUT_MS, async () => (await victims.pidOf('server')) !== before);
      await victims.allReady();
    },
  };
}

/**
 * The engine exchanges an Envoy whose program is another than the one that runs: an interim one takes over, and the new
 * one takes over from it. In between the clients leave, for each Envoy stays until its last one has left.
 */
function newEdge(bench: Bench): Disturbance[] {
  const victims = new Victims(bench);
  let old = 0;
  const exchange: Disturbance = {
    what: 'the edge exchanged',
    rollouts: 0,
    async run() {
      const engine = await victims.pidOf('engine');
      old = await victims.pidOf('envoy');
      const now = new Date();
      await utimes(await victims.envoyBinary(), now, now);
      process.kill(engine, 'SIGTERM');
      await until('the old Envoy listens no more', BACK_TIMEOUT_MS, () => hasStopped(bench, 'main'));
      await victims.allReady();
    },
  };
  const back: Disturbance = {
    what: 'the interim edge exchanged',
    rollouts: 0,
    async run() {
      await until('another Envoy', BACK_TIMEOUT_MS, async () => (await victims.pidOf('envoy')) !== old);
      await until('the interim Envoy listens no more', BACK_TIMEOUT_MS, () => hasStopped(bench, 'interim'));
      await victims.allReady();
    },
  };
  return [exchange, back];
}

async function hasStopped({ runDir }: Bench, envoy: 'main' | 'interim'): Promise<boolean> {
  const socketPath = path.join(runDir, `engine/edge/envoy-${envoy}.sock`);
  const stats = '/stats?filter=listener_manager.listener_stopped';
  const answer = await new Promise<IncomingMessage | null>((resolve, reject) => {
    get({ socketPath, path: stats }, resolve).on('error', (error) => {
      // Nobody is there any more.
      if ('code' in error && error.code === 'ECONNREFUSED') resolve(null);
      else reject(error);
    });
  });
  return answer === null || /: [1-9]/.test(await text(answer));
}
