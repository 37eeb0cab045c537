import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isFile, parseSource } from '@brainpod/model/source';

export type SweepBounds = {
  /** Sources that were not used for this long go. */
  olderThanMs: number;
  /** Sources that were used longest ago go until what is left is no more than this. */
  maxBytesPerPod: number;
  /** Hexadecimal digests of sources that stay. */
  inUse: ReadonlySet<string>;
  now?: Date;
};

// What is on its way may belong to a list that comes after it.
const GRACE_MS = 60 * 60_000;

type Found = { path: string; name: string; bytes: number; usedAtMs: number };

/** Sweeps what is kept of one pod. Returns the bytes that this freed. */
export async function sweepPod(pod: string, bounds: SweepBounds): Promise<number> {
  const nowMs = (bounds.now ?? new Date()).getTime();
  const files: Found[] = [];
  const lists: Found[] = [];
  let freed = 0;
  for (const folder of await readdir(pod)) {
    for (const found of await filesIn(join(pod, folder))) {
      if (folder === 'lists') lists.push(found);
      else if (folder !== 'incoming') files.push(found);
      else if (found.usedAtMs < nowMs - GRACE_MS) freed += await remove(found);
    }
  }
  const sizes = new Map(files.map((file) => [file.name, file.bytes]));
  const needed = new Set<string>();
  let bytes = 0;
  for (const list of lists.sort((a, b) => b.usedAtMs - a.usedAtMs)) {
    const digests = await digestsIn(list.path);
    const added = digests.filter((digest) => !needed.has(digest));
    const addedBytes = added.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
    const isWanted =
      list.usedAtMs >= nowMs - bounds.olderThanMs && bytes + addedBytes <= bounds.maxBytesPerPod;
    if (!isWanted && !bounds.inUse.has(list.name)) {
      freed += await remove(list);
      continue;
    }
    for (const digest of added) needed.add(digest);
    bytes += addedBytes;
  }
  for (const file of files) {
    if (!needed.has(file.name) && file.usedAtMs < nowMs - GRACE_MS) freed += await remove(file);
  }
  return freed;
}

async function filesIn(folder: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    // It was moved to its place just now.
    if (facts !== null) found.push({ path, name, bytes: facts.size, usedAtMs: facts.mtimeMs });
  }
  return found;
}

async function remove(file: Found): Promise<number> {
  await rm(file.path, { force: true });
  return file.bytes;
}

/** Of the files that a list names; none of one that cannot be read. */
async function digestsIn(path: string): Promise<string[]> {
  const parsed = parseSource(parseJson(await readFile(path, 'utf8')));
  if (!parsed.ok) return [];
  const digests = parsed.value.filter(isFile).map((file) => file.digest.slice('sha256:'.length));
  return [...new Set(digests)];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
