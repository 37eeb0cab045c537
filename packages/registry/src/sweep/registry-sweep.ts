import { readdirSync, rmdirSync } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import { isAbsent, isNotEmpty, nullIfAbsent } from '../file-faults.ts';
import { StorageLayout } from '../storage-layout.ts';
import { putBack, removeIfUntouched } from './set-aside.ts';
import { survey } from './survey.ts';
import { type Freed, planSweep, type SeenFile, type SweepAges } from './sweep-plan.ts';

const DAY_MS = 24 * 60 * 60_000;
const AGES: SweepAges = { unreferencedMs: DAY_MS, uploadMs: DAY_MS };

export type SweepReport = {
  /** What was freed, with the reasons. */
  freed: Freed[];
  /** Of the disk, blobs only. */
  bytes: number;
};

/**
 * Frees what nothing in a registry's storage refers to, while the registry serves. May be broken off at any moment, and may be
 * killed: the next time settles what was begun. One at a time on one storage.
 */
export class RegistrySweep {
  readonly #layout: StorageLayout;
  #known = new Map<string, string[]>();

  /** `root` is the folder of the registry's storage, on this machine. It need not be there. */
  constructor(root: string) {
    this.#layout = new StorageLayout(root);
  }

  async run(signal: AbortSignal, ages: SweepAges = AGES): Promise<SweepReport> {
    const facts = await survey(this.#layout, this.#known, Date.now(), signal);
    for (const file of facts.setAside) putBack(file);
    this.#forgetAllBut(new Set(facts.manifests.map((manifest) => manifest.digest)));
    const plan = planSweep(facts, ages, Date.now());
    for (const file of plan.referenced) await touch(file);
    const freed: Freed[] = [];
    for (const each of plan.free) {
      signal.throwIfAborted();
      if (await this.#free(each)) freed.push(each);
    }
    return { freed, bytes: freed.reduce((sum, each) => sum + each.bytes, 0) };
  }

  async #free({ what, file }: Freed): Promise<boolean> {
    switch (what) {
      case 'folder':
        return await whereEmpty(() => rmdirSync(file.path));
      case 'repository':
        return await whereEmpty(() => removeRepository(file.path, this.#layout.repositories));
      case 'upload':
        return await whereEmpty(() => rm(file.path, { recursive: true, force: true }));
      default:
        return removeIfUntouched(file);
    }
  }

  #forgetAllBut(digests: Set<string>): void {
    this.#known = new Map([...this.#known].filter(([digest]) => digests.has(digest)));
  }
}

/** False where something has come into a folder meanwhile, or it is gone already. */
async function whereEmpty(remove: () => void | Promise<void>): Promise<boolean> {
  try {
    await remove();
    return true;
  } catch (error) {
    if (isNotEmpty(error) || isAbsent(error)) return false;
    throw error;
  }
}

/** Removes a repository's folder with nothing in it, and those above it that are empty then. Never a file. */
function removeRepository(folder: string, top: string): void {
  // Another repository may lie in this one's folder.
  for (const part of readdirSync(folder).filter((name) => name.startsWith('_'))) {
    removeTree(path.join(folder, part));
  }
  for (let above = folder; above !== top; above = path.dirname(above)) rmdirSync(above);
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder)) removeTree(path.join(folder, entry));
  rmdirSync(folder);
}

async function touch({ path: file }: SeenFile): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(nullIfAbsent);
}
