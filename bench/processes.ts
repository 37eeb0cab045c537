import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** The processes that a process has started and that are still there. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => statFields(pid)?.parent === parent);
}

/** A process, and all that it and they have started and that are still there. */
export function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

/** Processor time that a process has used so far; 0 when it has ended. */
export function cpuSeconds(pid: number): number {
  return (statFields(pid)?.ticks ?? 0) / CLOCK_TICKS_PER_SECOND;
}

/** How much processor time some processes have used since it was made. One that ends meanwhile is left out. */
export class ProcessorClock {
  readonly #before: ReadonlyMap<number, number>;

  constructor(pids: readonly number[]) {
    this.#before = new Map(pids.map((pid) => [pid, cpuSeconds(pid)]));
  }

  usedSeconds(): number {
    const used = [...this.#before].map(([pid, before]) => Math.max(0, cpuSeconds(pid) - before));
    return used.reduce((sum, one) => sum + one, 0);
  }
}

/** Proportional set size: memory that is shared counts in parts. */
export function memoryMiB(pid: number): number {
  return memoryOf(pid, 'Pss');
}

/** The part of it that the process has written itself; the rest is of files, programs above all. */
export function writtenMiB(pid: number): number {
  return memoryOf(pid, 'Pss_Anon');
}

function memoryOf(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readProcess(pid, 'smaps_rollup') ?? '');
  return Number(match?.[1] ?? 0) / 1024;
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
