import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ListedFile } from './list-source.ts';

type Environment = Record<string, string | undefined>;

const VERSION = 1;
/** A file that changed this shortly before may change again without its time telling: file systems count by up to two seconds. */
const SETTLED_MS = 2_500;

/** The digests of a folder's files as they were the last time. Whatever it cannot read or write is a digest to be made again, and no fault. */
export class DigestCache {
  readonly #file: string;
  #known: ReadonlyMap<string, unknown>;

  constructor(root: string, environment: Environment) {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 32);
    this.#file = join(folderOf(environment), `${name}.json`);
    this.#known = readEntries(this.#file);
  }

  /** Null where the file is new or has changed. */
  find(file: ListedFile): string | null {
    const entry = this.#known.get(file.path);
    if (!Array.isArray(entry)) return null;
    const [digest, ...marks] = entry;
    const same = marksOf(file).every((mark, index) => marks[index] === mark);
    return same && typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : null;
  }

  /** Keeps the digests of those that had not changed for a while when the list was made, at `listedMs`. */
  keep(digests: ReadonlyMap<ListedFile, string>, listedMs: number): void {
    const settled = [...digests].filter(
      ([file]) => Math.max(file.modifiedMs, file.changedMs) < listedMs - SETTLED_MS,
    );
    const entries = Object.fromEntries(
      settled.map(([file, digest]) => [file.path, [digest, ...marksOf(file)]]),
    );
    this.#known = new Map(Object.entries(entries));
    const written = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true, mode: 0o700 });
      writeFileSync(written, JSON.stringify({ version: VERSION, entries }), { mode: 0o600 });
      renameSync(written, this.#file);
    } catch (error) {
      // A home that cannot be written to costs time, nothing else.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
}

function marksOf({ sizeBytes, modifiedMs, changedMs, inode }: ListedFile): number[] {
  return [sizeBytes, modifiedMs, changedMs, inode];
}

function folderOf(environment: Environment): string {
  const cache = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return join(cache, 'brainpod', 'digests');
}

function readEntries(file: string): Map<string, unknown> {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof read !== 'object' || read === null || !('version' in read) || read.version !== VERSION)
      return new Map();
    const entries = 'entries' in read ? read.entries : null;
    return new Map(typeof entries === 'object' && entries !== null ? Object.entries(entries) : []);
  } catch {
    // There is none yet, or it was cut off while it was written.
    return new Map();
  }
}
