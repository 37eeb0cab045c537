import { DurationSketch } from '@brainpod/model/duration-sketch';
import type { RequestMetric } from '@brainpod/store/request-records';
import type { Target } from './route-targets.ts';

const STEP_MS = 10_000;

type Sum = Target & { startMs: number; requests: number; errors: number; durations: DurationSketch };

/** Adds up requests by whom they were for, in steps of 10 seconds. */
export class RequestSums {
  #sums = new Map<string, Sum>();

  add(target: Target, request: { atMs: number; durationMs: number; isError: boolean }): void {
    const startMs = Math.floor(request.atMs / STEP_MS) * STEP_MS;
    const key = `${startMs}/${target.podId}/${target.route}/${target.app}/${target.revision}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { ...target, startMs, requests: 0, errors: 0, durations: new DurationSketch() };
      this.#sums.set(key, sum);
    }
    sum.requests += 1;
    if (request.isError) sum.errors += 1;
    sum.durations.add(request.durationMs);
  }

  /** What was added up since the last time. */
  take(): RequestMetric[] {
    const sums = [...this.#sums.values()];
    this.#sums = new Map();
    return sums.map(({ startMs, durations, ...sum }) => ({
      ...sum,
      at: new Date(startMs),
      seconds: STEP_MS / 1000,
      durations: durations.encode(),
    }));
  }
}
