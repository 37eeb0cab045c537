import { availableParallelism } from 'node:os';
import { expectedSeconds, type PartEstimate, remainingBuildSeconds } from './build-estimates.ts';
import type { Durations } from './durations.ts';

/** A program of the engine: the name of its binary and the Go package that it is built from. */
export type Part = { binary: string; package: string };

type Told = {
  durations: Durations;
  detail: (text: string) => void;
  remaining: (seconds: number) => void;
};

/** What a part is expected to take on this machine, in seconds. */
export function partSeconds({ binary }: Part, durations: Durations): number {
  return durations.estimate(`build ${binary}`, expectedSeconds(binary, availableParallelism()));
}

/** Tells how far the build is. */
export class BuildTracker {
  readonly #options: Told;
  readonly #estimates: readonly PartEstimate[];
  readonly #finished = new Map<string, number>();

  constructor(parts: readonly Part[], options: Told) {
    this.#options = options;
    this.#estimates = parts.map((part) => ({
      binary: part.binary,
      seconds: partSeconds(part, options.durations),
    }));
    this.#tell();
  }

  skip(parts: readonly Part[]): void {
    for (const { binary } of parts) {
      const estimate = this.#estimates.find((candidate) => candidate.binary === binary);
      this.#finished.set(binary, estimate?.seconds ?? 0);
    }
    this.#tell();
  }

  async build(part: Part, work: (onLine: (line: string) => void) => Promise<void>): Promise<void> {
    const began = performance.now();
    const count = this.#estimates.length;
    let [compiled, fetched] = [0, 0];
    const describe = (): void => {
      const does =
        fetched > compiled
          ? `, ${fetched} modules fetched`
          : compiled > 0
            ? `, ${compiled} packages compiled`
            : '';
      this.#options.detail(`${part.binary} (${this.#finished.size + 1} of ${count})${does}`);
    };
    describe();
    await work((line) => {
      if (line.startsWith('go: downloading ')) fetched += 1;
      else if (/^[\w./~-]+$/.test(line)) compiled += 1;
      describe();
    });
    const seconds = (performance.now() - began) / 1000;
    this.#finished.set(part.binary, seconds);
    // What came out of Go's own cache says nothing about a build from nothing.
    if (compiled > 20) await this.#options.durations.record(`build ${part.binary}`, seconds);
    this.#tell();
  }

  #tell(): void {
    this.#options.remaining(remainingBuildSeconds(this.#estimates, this.#finished));
  }
}
