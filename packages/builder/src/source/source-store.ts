import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFile, parseSource, SOURCE_LIMITS, type SourceEntry, sourceText } from '@brainpod/model/source';
import { type SweepBounds, sweepPod } from './sweep-pod.ts';
import { writeTree } from './write-tree.ts';

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const POD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What was sent is not what its digest says, or is too large: nothing of it was kept. */
export class WrongContent extends Error {
  override readonly name = 'WrongContent';
}

/** Something of a source is not there any more: it has to be sent again. */
export class SourceIncomplete extends Error {
  override readonly name = 'SourceIncomplete';
}

/**
 * The files that people sent to be built, by pod and by digest, in a directory. It is a cache: what is lost is sent
 * again. Of a pod, `lists/` holds the lists of sources, two-digit folders the files, `incoming/` what is on its way.
 */
export class SourceStore {
  readonly #directory: string;
  // A sweep must not take what a list that is just being kept counts on.
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Those of these files that the pod has not. */
  async missing(podId: string, digests: Iterable<string>): Promise<string[]> {
    const known = new Set<string>();
    for (const folder of await namesIn(this.#pod(podId))) {
      if (folder.length !== 2) continue;
      for (const name of await namesIn(join(this.#pod(podId), folder))) known.add(name);
    }
    return [...new Set(digests)].filter((digest) => !known.has(hexOf(digest)));
  }

  /** Keeps a file and returns its bytes. Throws WrongContent when it is another than its digest says. */
  async put(podId: string, digest: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    const hex = hexOf(digest);
    const incoming = join(this.#pod(podId), 'incoming');
    await mkdir(incoming, { recursive: true });
    const part = join(incoming, randomUUID());
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      await pipeline(
        async function* () {
          for await (const chunk of content) {
            bytes += chunk.length;
            if (bytes > SOURCE_LIMITS.fileBytes) throw new WrongContent(`${digest} is larger than 1 GiB.`);
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(part, { flags: 'wx', mode: 0o600 }),
      );
      const found = hash.digest('hex');
      if (found !== hex) throw new WrongContent(`What was sent as ${digest} is sha256:${found}.`);
      await this.#moveIn(part, this.#file(podId, hex));
    } finally {
      await rm(part, { force: true });
    }
    return bytes;
  }

  /** Keeps the list of a source, and that it is used now. Returns the source's digest. */
  putList(podId: string, entries: readonly SourceEntry[]): Promise<string> {
    return this.#inTurn(podId, async () => {
      const text = sourceText(entries);
      const hex = createHash('sha256').update(text).digest('hex');
      const incoming = join(this.#pod(podId), 'incoming');
      await mkdir(incoming, { recursive: true });
      const part = join(incoming, randomUUID());
      await writeFile(part, text, { flag: 'wx', mode: 0o600 });
      await this.#moveIn(part, this.#list(podId, hex));
      return `sha256:${hex}`;
    });
  }

  /** What a source consists of; null when the pod has no such list, or not as it was. */
  async readList(podId: string, source: string): Promise<SourceEntry[] | null> {
    const hex = hexOf(source);
    const text = await readFile(this.#list(podId, hex), 'utf8').catch((error: unknown) => {
      if (isAbsent(error)) return null;
      throw error;
    });
    if (text === null || createHash('sha256').update(text).digest('hex') !== hex) return null;
    const parsed = parseSource(JSON.parse(text));
    return parsed.ok ? parsed.value : null;
  }

  /** Writes the source's files and links into a directory, which it makes. Throws SourceIncomplete. */
  async materialise(podId: string, source: string, directory: string, signal: AbortSignal): Promise<void> {
    const entries = await this.readList(podId, source);
    if (entries === null) throw new SourceIncomplete('The source is not here any more. Send it again.');
    await this.putList(podId, entries);
    const missing = await this.missing(
      podId,
      entries.filter(isFile).map((entry) => entry.digest),
    );
    if (missing.length > 0) {
      throw new SourceIncomplete(
        `${missing.length} files of the source are not here any more. Send it again.`,
      );
    }
    await writeTree(entries, { directory, signal, contentOf: (digest) => this.#file(podId, hexOf(digest)) });
  }

  /**
   * Removes what is not of use any more: of each pod first the sources that were used longest ago, never those of
   * `inUse`. Returns the bytes that this freed.
   */
  async sweep(
    bounds: Omit<SweepBounds, 'inUse'> & { inUse: readonly { podId: string; source: string }[] },
  ): Promise<number> {
    let freed = 0;
    for (const podId of await namesIn(this.#directory)) {
      if (!POD_ID.test(podId)) continue;
      const inUse = bounds.inUse.flatMap((use) => (use.podId === podId ? [hexOf(use.source)] : []));
      freed += await this.#inTurn(podId, () =>
        sweepPod(this.#pod(podId), { ...bounds, inUse: new Set(inUse) }),
      );
    }
    return freed;
  }

  /** The pods of which something is here. */
  async pods(): Promise<string[]> {
    return (await namesIn(this.#directory)).filter((name) => POD_ID.test(name));
  }

  /** Removes all that a pod has. */
  erase(podId: string): Promise<void> {
    return this.#inTurn(podId, () => rm(this.#pod(podId), { recursive: true, force: true }));
  }

  async #moveIn(part: string, place: string): Promise<void> {
    await mkdir(join(place, '..'), { recursive: true });
    await rename(part, place);
  }

  #pod(podId: string): string {
    if (!POD_ID.test(podId)) throw new Error('this is not the id of a pod');
    return join(this.#directory, podId);
  }

  #file(podId: string, hex: string): string {
    return join(this.#pod(podId), hex.slice(0, 2), hex);
  }

  #list(podId: string, hex: string): string {
    return join(this.#pod(podId), 'lists', hex);
  }

  async #inTurn<T>(podId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(podId) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(podId, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(podId) === turn) this.#turns.delete(podId);
    }
  }
}

function hexOf(digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined) throw new Error('this is not a digest');
  return hex;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
