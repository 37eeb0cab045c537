import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eachOf } from './each-of.ts';
import { hasCode, isAbsent, isDiskFull, noneIfAbsent, nullIfAbsent } from './file-faults.ts';
import { isDigest } from './registry-call.ts';
import { diskFull } from './storage-fault.ts';
import type { StorageLayout } from './storage-layout.ts';

// Longer than any call may take.
const LEFT_BEHIND_MS = 2 * 60 * 60_000;

/**
 * Tells the sweep what pushes rely on, on the storage itself, so that whichever server sweeps sees it.
 *
 * The order is what makes it safe without locks. A push notes what it needs, then touches it, then has the registry look whether
 * it is there. The sweep looks at when each thing was touched, then at the notes, then at what manifests name; and what was touched
 * since it looked it puts back. So a push that the registry found in order was seen by the sweep in one of the three ways.
 */
export class PushGuard {
  readonly #layout: StorageLayout | null;

  /** Does nothing where the storage is not on this machine (null): there is no sweep either. */
  constructor(layout: StorageLayout | null) {
    this.#layout = layout;
  }

  /** Does a part of a push while nothing of `digests` is swept. Throws OciError UNAVAILABLE where the disk is full. */
  async during<T>(repositories: string[], digests: string[], work: () => Promise<T>): Promise<T> {
    const note = this.#layout === null ? null : await noteIn(this.#layout.pushes, digests);
    if (note === null) return await work();
    try {
      await this.touch(repositories, digests);
      return await work();
    } finally {
      await rm(note, { force: true });
    }
  }

  /** Keeps what is there from being swept for as long as anything is kept that nothing refers to. */
  async touch(repositories: string[], digests: string[]): Promise<void> {
    const layout = this.#layout;
    if (layout === null) return;
    const files = digests
      .filter(isDigest)
      .flatMap((digest) => [
        layout.blob(digest),
        ...repositories.map((repository) => layout.layerLink(repository, digest)),
      ]);
    await eachOf(files, touchFile);
  }
}

/** What is being pushed at this moment. Forgets what servers that ended in the middle of it left behind. */
export async function digestsInUse(layout: StorageLayout, nowMs: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (const name of await readdir(layout.pushes).catch(noneIfAbsent)) {
    const file = path.join(layout.pushes, name);
    const text = await readFile(file, 'utf8').catch(nullIfAbsent);
    const written = await stat(file).catch(nullIfAbsent);
    if (text === null || written === null) continue;
    if (written.mtimeMs < nowMs - LEFT_BEHIND_MS) await rm(file, { force: true });
    // A note that is not whole yet is of a push that has yet to touch what it needs.
    for (const digest of text.split('\n')) found.add(digest);
  }
  return found;
}

/** The file that says what a push relies on; null where the storage is not there. */
async function noteIn(folder: string, digests: string[]): Promise<string | null> {
  const file = path.join(folder, randomUUID());
  try {
    await writeFile(file, digests.join('\n'));
    return file;
  } catch (error) {
    if (isAbsent(error)) return (await makeFolder(folder)) ? await noteIn(folder, digests) : null;
    if (!isDiskFull(error)) throw error;
    await rm(file, { force: true });
    throw diskFull(error);
  }
}

/** False where there is nothing to make it in. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    if (hasCode(error, ['EEXIST'])) return true;
    throw isDiskFull(error) ? diskFull(error) : error;
  }
}

/** To the microsecond, since what the sweep compares must differ from touch to touch. */
async function touchFile(file: string): Promise<void> {
  const nowSeconds = (performance.timeOrigin + performance.now()) / 1000;
  await utimes(file, nowSeconds, nowSeconds).catch(nullIfAbsent);
}
