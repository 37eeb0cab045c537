import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Bench } from './bench.ts';
import { childrenOf, memoryMiB, ProcessorClock } from './processes.ts';

export type Idle = { name: string; memoryMiB: number; corePercent: number };

/** Components that any Kubernetes with a gateway and a registry has: the reference beside which ours is seen. */
const KUBERNETES = new Set([
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'containerd',
  'coredns',
  'metrics-server',
  'envoy',
  'envoy-gateway',
  'registry',
]);

/** PostgreSQL's backends and the gateway in its sandbox are children; those of others have names of their own. */
const WITH_CHILDREN = new Set(['postgres', 'envoy-gateway']);

/** Memory (proportional set size) and processor time of everything, over `seconds` in which nothing is asked of it. */
export async function measureIdle(
  bench: Bench,
  seconds: number,
): Promise<{ ours: Idle[]; kubernetes: Idle[] }> {
  const processes = ownedProcesses(bench);
  const clocks = new Map(processes.map(({ name, pids }) => [name, new ProcessorClock(pids)]));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const idle = processes.map(({ name, pids }) => ({
    name,
    memoryMiB: sum(pids.map(memoryMiB)),
    corePercent: ((clocks.get(name)?.usedSeconds() ?? 0) / seconds) * 100,
  }));
  return {
    ours: idle.filter(({ name }) => !KUBERNETES.has(name)),
    kubernetes: idle.filter(({ name }) => KUBERNETES.has(name)),
  };
}

/** Two table rows: memory and processor time of Brainpod's own processes. */
export function idleRows({ ours, kubernetes }: { ours: Idle[]; kubernetes: Idle[] }): string[] {
  const total = (of: Idle[], figure: 'memoryMiB' | 'corePercent') => sum(of.map((one) => one[figure]));
  const [memory, reference] = [total(ours, 'memoryMiB'), total(kubernetes, 'memoryMiB')];
  const [cpu, referenceCpu] = [total(ours, 'corePercent'), total(kubernetes, 'corePercent')];
  return [
    `| idle memory of Brainpod's own processes | ${memory.toFixed(0)} MiB | Kubernetes, edge, registry: ${reference.toFixed(0)} MiB | ${(memory / reference).toFixed(2)} | ≤ 600 MB |`,
    `| idle processor time of Brainpod's own processes | ${cpu.toFixed(2)} % of a core | the same: ${referenceCpu.toFixed(2)} % | ${(cpu / referenceCpu).toFixed(2)} | < 3 % |`,
  ];
}

function ownedProcesses(bench: Bench): { name: string; pids: number[] }[] {
  const supervisor = JSON.parse(readFileSync(path.join(bench.runDir, 'status.json'), 'utf8'));
  const engine = JSON.parse(readFileSync(path.join(bench.runDir, 'engine/status.json'), 'utf8'));
  const named: { name: string; pid?: number }[] = [
    { name: 'supervisor', pid: supervisor.pid },
    ...supervisor.processes,
    ...engine.components,
  ];
  return named.flatMap(({ name, pid }) => {
    if (!pid) return [];
    return [{ name, pids: WITH_CHILDREN.has(name) ? [pid, ...childrenOf(pid)] : [pid] }];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
