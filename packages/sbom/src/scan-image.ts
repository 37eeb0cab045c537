import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ThreadInput, ThreadOutput } from './scan-thread.ts';

/** An image in a registry that asks for no credentials, such as the one behind our front. `name`: as its document is to call it. */
export type ScannedImage = { origin: URL; repository: string; digest: string; name: string };

const TIMEOUT_MS = 60_000;
const MEMORY_MIB = 512;
const KEPT_BYTES = 64 * 1024 * 1024;
/** One that has more was made to push the others out. */
const KEPT_BYTES_OF_LAYER = 4 * 1024 * 1024;

export class ScanError extends Error {}

/**
 * Writes down which packages images have, each image in a thread of its own with an end to its time and memory, since what
 * it reads may be made to do harm: whatever grows with what is in an image is done there. What a layer was found to have is kept: a layer
 * never changes, and those of base images are in many.
 */
export class ImageScanner {
  readonly #layers = new Map<string, SharedArrayBuffer>();
  readonly #mostBytes: number;
  #keptBytes = 0;

  /** `mostBytes`: what layers have takes so much memory at most. */
  constructor(mostBytes: number = KEPT_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** How much memory what layers have takes now. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** SPDX of an image, as JSON. Rejects with ScanError where it cannot be looked through, and when `signal` ends it. */
  async scan({ origin, ...image }: ScannedImage, signal: AbortSignal): Promise<Uint8Array> {
    const said = await inThread(
      { ...image, origin: origin.href, createdAt: new Date(), known: this.#layers },
      AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    );
    if ('fault' in said) throw new ScanError(said.fault);
    for (const [digest, content] of said.layers) this.#keep(digest, content);
    return said.document;
  }

  #keep(digest: string, content: SharedArrayBuffer): void {
    if (content.byteLength > KEPT_BYTES_OF_LAYER) return;
    // As the newest, so that what nobody asks for goes first.
    if (!this.#layers.delete(digest)) this.#keptBytes += content.byteLength;
    this.#layers.set(digest, content);
    for (const [oldest, { byteLength }] of this.#layers) {
      if (this.#keptBytes <= this.#mostBytes) return;
      this.#layers.delete(oldest);
      this.#keptBytes -= byteLength;
    }
  }
}

async function inThread(workerData: ThreadInput, signal: AbortSignal): Promise<ThreadOutput> {
  const worker = new Worker(new URL('scan-thread.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  });
  try {
    const [said] = (await Promise.race([
      once(worker, 'message', { signal }),
      once(worker, 'exit', { signal }).then(() => [{ fault: 'It ended.' }]),
    ])) as [ThreadOutput];
    return said;
  } finally {
    await worker.terminate();
  }
}
