/**
 * How long the edge goes on sending requests to an instance after the cluster was told to end it: what the pause before
 * an instance's end (DRAIN_SECONDS) and between two steps of a Route's change must be longer than. `--rounds N`
 * (default 20). Needs root and a running Brainpod.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { KubeClient } from '@brainpod/kube/client';
import { until } from '../e2e/brainpod.ts';
import { SteadyPod } from '../tools/traffic/steady-pod.ts';
import { startTraffic } from '../tools/traffic/traffic.ts';
import { measuredOn } from './machine.ts';
import { median } from './quantiles.ts';
import { writeTable } from './results.ts';

type Row = { what: string; lastAskedMs: number[]; firstAskedMs: number[]; sent: number; lost: number };

const POD_KIND = { apiVersion: 'v1', kind: 'Pod' };
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const rounds = Number(values.rounds);

const pod = await SteadyPod.create();
const kube = await KubeClient.fromKubeconfig(pod.bench.kubeconfig);
try {
  const idle = await measure('idle, 4 visitors', 10);
  const busy = await underLoad(() => measure('both cores busy twice over', 0));
  await writeTable('edge.md', tableOf([idle, busy]));
} finally {
  await pod.remove();
}

async function measure(what: string, pauseMs: number): Promise<Row> {
  const [first, last] = [new Map<string, number>(), new Map<string, number>()];
  const traffic = startTraffic({
    origin: pod.origin,
    ca: pod.bench.authorityPem,
    mix: { get: 3, post: 1 },
    pauseMs,
    onReply({ instance, at }) {
      if (!first.has(instance)) first.set(instance, at);
      last.set(instance, Math.max(last.get(instance) ?? 0, at));
    },
  });
  const row: Row = { what, lastAskedMs: [], firstAskedMs: [], sent: 0, lost: 0 };
  for (let round = 0; round < rounds; round++) {
    const [before, victim] = await settled(last);
    const endedAt = Date.now();
    await kube.delete({ ...POD_KIND, metadata: { namespace: `bp-${pod.name}`, name: victim } });
    await until(
      'the instance to be gone',
      60_000,
      async () => !(await instances()).some(({ name }) => name === victim),
    );
    row.lastAskedMs.push((last.get(victim) ?? 0) - endedAt);
    const added = (await readyInstances()).find(({ name }) => !before.includes(name));
    const firstAt = added === undefined ? undefined : first.get(added.name);
    if (added !== undefined && firstAt !== undefined) row.firstAskedMs.push(firstAt - added.readyAtMs);
    console.log(
      `${what}, ${round + 1} of ${rounds}: last asked after ${row.lastAskedMs.at(-1)} ms, lost ${traffic.lost}`,
    );
  }
  const { sent, lost, losses } = await traffic.stop();
  for (const loss of losses) console.log(loss);
  return { ...row, sent, lost };
}

/** Waits until both instances get requests; gives all of them and one to end. */
async function settled(last: ReadonlyMap<string, number>): Promise<[string[], string]> {
  const names = await until('both instances to be asked', 60_000, async () => {
    const ready = (await readyInstances()).map(({ name }) => name);
    const recent = ready.filter((name) => (last.get(name) ?? 0) > Date.now() - 1_000);
    return ready.length === 2 && recent.length === 2 ? ready : null;
  });
  const [victim] = names;
  if (victim === undefined) throw new Error('there is no instance');
  return [names, victim];
}

type Instance = { name: string; isReady: boolean; isEnding: boolean; readyAtMs: number };

async function readyInstances(): Promise<Instance[]> {
  return (await instances()).filter(({ isReady, isEnding }) => isReady && !isEnding);
}

async function instances(): Promise<Instance[]> {
  const { items } = await kube.list({
    ...POD_KIND,
    namespace: `bp-${pod.name}`,
    labelSelector: 'brainpod.io/name=steady',
  });
  return items.map(({ metadata, status }) => {
    // What Kubernetes says of a pod; only the condition that is looked for matters.
    const { conditions = [] } = (status ?? {}) as {
      conditions?: { type: string; status: string; lastTransitionTime: string }[];
    };
    const ready = conditions.find(({ type }) => type === 'Ready');
    return {
      name: metadata.name,
      isReady: ready?.status === 'True',
      isEnding: metadata.deletionTimestamp !== undefined,
      readyAtMs: Date.parse(ready?.lastTransitionTime ?? ''),
    };
  });
}

/** Does the work while every core has two programs that do nothing but count. */
async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const programs = Array.from({ length: 2 * availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    return await work();
  } finally {
    for (const program of programs) program.kill('SIGKILL');
  }
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ what, lastAskedMs, firstAskedMs, sent, lost }) => {
    const [middle, worst] = [median(lastAskedMs), Math.max(...lastAskedMs)];
    return `| ${what} | ${lastAskedMs.length} | ${middle.toFixed(0)} ms | ${worst} ms | ${Math.max(...firstAskedMs)} ms | ${sent} | ${lost} |`;
  });
  return [
    measuredOn('node bench/propagation.ts'),
    '',
    '| machine | instances ended | last request to it after (median) | worst | first request to its successor, at most | requests | lost |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
  ].join('\n');
}
