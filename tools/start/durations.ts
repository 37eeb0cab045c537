import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '@brainpod/supervisor/atomic-file';
import { readJsonFile } from '@brainpod/supervisor/status';

/**
 * How long things took on this machine, by name, in seconds. Kept in the cache, so that estimates are this
 * machine's own from the second time on.
 */
export class Durations {
  readonly #file: string;
  readonly #seconds: Map<string, number>;

  private constructor(file: string, seconds: Map<string, number>) {
    this.#file = file;
    this.#seconds = seconds;
  }

  /** What was recorded so far; a file that cannot be understood counts as none. */
  static async open(cacheDir: string): Promise<Durations> {
    const file = path.join(cacheDir, 'durations.json');
    let recorded: unknown;
    try {
      recorded = await readJsonFile(file);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return new Durations(file, new Map(numbersOf(recorded)));
  }

  estimate(name: string, fallback: number): number {
    return this.#seconds.get(name) ?? fallback;
  }

  async record(name: string, seconds: number): Promise<void> {
    this.#seconds.set(name, Math.round(seconds * 10) / 10);
    await mkdir(path.dirname(this.#file), { recursive: true });
    await writeFileAtomically(
      this.#file,
      `${JSON.stringify(Object.fromEntries(this.#seconds), null, 2)}\n`,
      0o644,
    );
  }
}

function numbersOf(recorded: unknown): [string, number][] {
  if (typeof recorded !== 'object' || recorded === null) return [];
  return Object.entries(recorded).filter(
    (entry): entry is [string, number] =>
      typeof entry[1] === 'number' && Number.isFinite(entry[1]) && entry[1] >= 0,
  );
}
