import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Bench } from './bench.ts';

export type Idle = { name: string; memoryMiB: number; corePercent: number };

const CLOCK_TICKS_PER_SECOND = 100;

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
  'buildkitd',
]);

/** PostgreSQL's backends and the gateway in its sandbox are children; those of others have names of their own. */
const WITH_CHILDREN = new Set(['postgres', 'envoy-gateway']);

/** Memory (proportional set size) and processor time of everything, over `seconds` in which nothing is asked of it. */
export async function measureIdle(
  bench: Bench,
  seconds: number,
): Promise<{ ours: Idle[]; kubernetes: Idle[] }> {
  const processes = ownedProcesses(bench);
  const before = new Map(processes.flatMap(({ pids }) => pids.map((pid) => [pid, cpuSeconds(pid)] as const)));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const idle = processes.map(({ name, pids }) => ({
    name,
    memoryMiB: sum(pids.map(memoryMiB)),
    // Who ended meanwhile is left out, not subtracted.
    corePercent:
      (sum(pids.map((pid) => Math.max(0, cpuSeconds(pid) - (before.get(pid) ?? 0)))) / seconds) * 100,
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
    `| idle memory of Brainpod's own processes | ${memory.toFixed(0)} MiB | Kubernetes, edge, registry, builder: ${reference.toFixed(0)} MiB | ${(memory / reference).toFixed(2)} | ≤ 600 MB |`,
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

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => statFields(pid)?.parent === parent);
}

function statFields(pid: number): { parent: number; ticks: number } | null {
  const text = readProcess(pid, 'stat');
  if (text === null) return null;
  // The name in parentheses may hold anything, so fields are counted from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

/** A file of /proc about a process; null when the process has ended, as idle backends of PostgreSQL do. */
function readProcess(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return null;
    throw error;
  }
}

function cpuSeconds(pid: number): number {
  return (statFields(pid)?.ticks ?? 0) / CLOCK_TICKS_PER_SECOND;
}

function memoryMiB(pid: number): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(readProcess(pid, 'smaps_rollup') ?? '');
  return Number(match?.[1] ?? 0) / 1024;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
