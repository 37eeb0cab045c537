import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LoadPrograms } from './programs.ts';

export type LoadOptions = {
  address: string;
  hosts: readonly string[];
  authority: string;
  protocol: 'h1' | 'h2';
  path: string;
  bytes: number;
  connections: number;
  /** Requests at once, at most. */
  workers: number;
  /** Requests per second, each at its time; as many as are answered where 0. */
  rate: number;
  /** Until it is stopped where 0. */
  seconds: number;
};

/** What load/main.go prints. */
export type LoadResult = {
  requests: number;
  failed: number;
  faults: string[];
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
};

/** Asks from a process and session of its own, until its time is over or it is stopped. */
export function startLoad(
  { load }: LoadPrograms,
  { hosts, ...options }: LoadOptions,
): { ended: Promise<LoadResult>; stop(): Promise<LoadResult> } {
  const flags = Object.entries({ ...options, hosts: hosts.join(',') }).map(
    ([name, value]) => `-${name}=${value}`,
  );
  const child = spawn(load, flags, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close').then(([code]): LoadResult => {
    if (code !== 0) throw new Error(`the load ended with ${code}`);
    return JSON.parse(said) as LoadResult;
  });
  return {
    ended,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
