import { type BackOff, backOffMs } from './back-off.ts';

export type WorkResult = { again?: { afterMs: number } };

export type WorkQueueOptions = {
  /** Brings one key to where it should be. A rejection means: try again after a growing pause. */
  work: (key: string, signal: AbortSignal) => Promise<WorkResult | undefined>;
  /** Told of each rejection, with how long the pause is. */
  onError: (key: string, error: unknown, retryInMs: number) => void;
  concurrency: number;
  backOff?: BackOff;
  random?: () => number;
};

export type WorkQueueStats = {
  waiting: number;
  running: number;
  delayed: number;
  done: number;
  failed: number;
};

const DEFAULT_BACK_OFF: BackOff = { baseMs: 200, maxMs: 30_000 };

/**
 * Runs work by key: a key waits at most once, never runs twice at the same time, and runs again when it was
 * added during its run. A key that failed waits longer each time, until it succeeds.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, { timer: NodeJS.Timeout; dueAtMs: number }>();
  readonly #failures = new Map<string, number>();
  readonly #stopping = new AbortController();
  #done = 0;
  #failed = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Runs the key as soon as there is room. */
  add(key: string): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelDelay(key);
    if (this.#running.has(key)) this.#dirty.add(key);
    else this.#waiting.add(key);
    this.#startWaiting();
  }

  /** Runs the key after a while; the earliest of several times counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopping.signal.aborted || this.#waiting.has(key)) return;
    const dueAtMs = performance.now() + delayMs;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.dueAtMs <= dueAtMs) return;
    this.#cancelDelay(key);
    // A timer's number of milliseconds is 32 bits wide; longer delays would fire at once.
    const timer = setTimeout(() => this.add(key), Math.min(Math.max(0, delayMs), 2 ** 31 - 1));
    this.#delayed.set(key, { timer, dueAtMs });
  }

  stats(): WorkQueueStats {
    return {
      waiting: this.#waiting.size,
      running: this.#running.size,
      delayed: this.#delayed.size,
      done: this.#done,
      failed: this.#failed,
    };
  }

  /** Starts nothing more, tells running work to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const key of [...this.#delayed.keys()]) this.#cancelDelay(key);
    this.#waiting.clear();
    await Promise.all(this.#running.values());
  }

  #startWaiting(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    let delayMs: number | undefined;
    try {
      // A microtask later, so that the caller of add never runs work inside its own call.
      await Promise.resolve();
      const result = await this.#options.work(key, this.#stopping.signal);
      this.#failures.delete(key);
      this.#done += 1;
      delayMs = result?.again?.afterMs;
    } catch (error) {
      delayMs = this.#countFailure(key, error);
    }
    this.#running.delete(key);
    const dirty = this.#dirty.delete(key);
    // After a failure even a key that changed meanwhile keeps its pause: whatever broke would break again.
    if (dirty && !this.#failures.has(key)) this.add(key);
    else if (delayMs !== undefined) this.addAfter(key, delayMs);
    this.#startWaiting();
  }

  #countFailure(key: string, error: unknown): number | undefined {
    if (this.#stopping.signal.aborted) return undefined;
    const attempt = this.#failures.get(key) ?? 0;
    this.#failures.set(key, attempt + 1);
    this.#failed += 1;
    const delayMs = backOffMs(attempt, this.#options.backOff ?? DEFAULT_BACK_OFF, this.#options.random);
    this.#options.onError(key, error, delayMs);
    return delayMs;
  }

  #cancelDelay(key: string): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }
}
