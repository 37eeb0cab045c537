import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { eachOf } from './each-of.ts';
import { nullIfAbsent } from './file-faults.ts';
import { referencesOf } from './manifest-references.ts';
import { isDigest } from './registry-call.ts';
import type { StorageLayout } from './storage-layout.ts';
import { manifestDigests, repositoriesIn, seen } from './sweep/survey.ts';

const MOST_KNOWN = 100_000;

/** What a manifest is made of, itself among it. */
type Parts = { digest: string; bytes: number }[];

/** Adds up what the images of a pod take. What a manifest consists of never changes, and is read once. */
export class PodUsage {
  readonly #layout: StorageLayout;
  readonly #known = new Map<string, Parts>();

  constructor(layout: StorageLayout) {
    this.#layout = layout;
  }

  /** The bytes of each blob that a manifest of the pod names, and of the manifests. */
  async named(pod: string): Promise<Map<string, number>> {
    const named = new Map<string, number>();
    for (const repository of await repositoriesIn(this.#layout, pod)) {
      const manifests = await manifestDigests(this.#layout, repository);
      for (const parts of await eachOf(manifests, (digest) => this.#partsOf(digest))) {
        for (const { digest, bytes } of parts) named.set(digest, bytes);
      }
    }
    return named;
  }

  /** Null where there is no such blob. */
  async sizeOf(digest: string): Promise<number | null> {
    return (await seen(this.#layout.blob(digest)))?.bytes ?? null;
  }

  async discardUpload(repository: string, id: string): Promise<void> {
    await rm(path.join(this.#layout.uploads(repository), id), { recursive: true, force: true });
  }

  async #partsOf(manifest: string): Promise<Parts> {
    const known = this.#known.get(manifest);
    if (known !== undefined) return known;
    const content = await readFile(this.#layout.blob(manifest)).catch(nullIfAbsent);
    if (content === null) return [];
    const digests = [...new Set([manifest, ...(referencesOf(content) ?? [])])].filter(isDigest);
    const sizes = await eachOf(digests, async (digest) => ({ digest, bytes: await this.sizeOf(digest) }));
    const parts = sizes.flatMap(({ digest, bytes }) => (bytes === null ? [] : [{ digest, bytes }]));
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    // Where some of it is not there yet, it is looked for again.
    if (parts.length === digests.length) this.#known.set(manifest, parts);
    return parts;
  }
}

export function sumOf(sizes: Iterable<number>): number {
  let sum = 0;
  for (const size of sizes) sum += size;
  return sum;
}
