import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type LayerContent, packagesOf } from './layer.ts';
import type { ThreadInput } from './layer-thread.ts';
import type { PackageFound } from './package-found.ts';

/** An image in a registry that asks for no credentials, such as the one behind our front. */
export type ScannedImage = { origin: URL; repository: string; digest: string };

type Layer = { digest: string; mediaType: string };
type Said = { contents: LayerContent[] } | { fault: string };

const ACCEPTED = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const TIMEOUT_MS = 60_000;
const MEMORY_MIB = 512;
/** Layers of base images are in many images. */
const KEPT_LAYERS = 300;
const MOST_LAYERS = 200;

export class ScanError extends Error {}

/**
 * Finds the packages that images have, one image at a time, each in a thread of its own with an end to its time and memory, since what it
 * reads may be made to do harm. What a layer was found to have is kept: a layer never changes.
 */
export class ImageScanner {
  readonly #layers = new Map<string, LayerContent>();
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects with ScanError where an image cannot be looked through, and when `signal` ends it. */
  async scan(image: ScannedImage, signal: AbortSignal): Promise<{ path: string; found: PackageFound }[]> {
    const scanning = this.#last.then(async () => await this.#scan(image, signal));
    this.#last = scanning.catch(() => undefined);
    return await scanning;
  }

  async #scan(image: ScannedImage, signal: AbortSignal): Promise<{ path: string; found: PackageFound }[]> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const layers = await layersOf(image, limit);
    const unknown = layers.filter(({ digest }) => !this.#layers.has(digest));
    const read = unknown.length === 0 ? [] : await readInThread(image, unknown, limit);
    const contents = layers.map(({ digest }) => {
      const content = read[unknown.findIndex((each) => each.digest === digest)] ?? this.#layers.get(digest);
      if (content === undefined) throw new ScanError('A layer was not looked through.');
      // As the newest, so that what nobody asks for goes first.
      this.#layers.delete(digest);
      this.#layers.set(digest, content);
      return content;
    });
    for (const digest of [...this.#layers.keys()].slice(0, -KEPT_LAYERS)) this.#layers.delete(digest);
    return packagesOf(contents);
  }
}

async function layersOf({ origin, repository, digest }: ScannedImage, signal: AbortSignal): Promise<Layer[]> {
  const answer = await fetch(new URL(`/v2/${repository}/manifests/${digest}`, origin), {
    headers: { accept: ACCEPTED },
    signal,
  });
  if (!answer.ok) throw new ScanError(`The registry answers ${answer.status} for the image.`);
  const manifest: unknown = await answer.json();
  const layers = Object(manifest).layers as unknown;
  const found = (Array.isArray(layers) ? layers : []).map((layer: unknown) => {
    const { digest: of, mediaType } = Object(layer) as Partial<Layer>;
    if (typeof of !== 'string' || typeof mediaType !== 'string')
      throw new ScanError('A layer has no digest.');
    return { digest: of, mediaType };
  });
  if (found.length > MOST_LAYERS) throw new ScanError(`It has more than ${MOST_LAYERS} layers.`);
  return found;
}

async function readInThread(
  { origin, repository }: ScannedImage,
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<LayerContent[]> {
  const workerData: ThreadInput = layers.map(({ digest, mediaType }) => {
    return { url: new URL(`/v2/${repository}/blobs/${digest}`, origin).href, mediaType };
  });
  const worker = new Worker(new URL('layer-thread.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  });
  try {
    const [said] = (await Promise.race([
      once(worker, 'message', { signal }),
      once(worker, 'exit', { signal }).then(() => [{ fault: 'It ended.' }]),
    ])) as [Said];
    if ('contents' in said) return said.contents;
    throw new ScanError(said.fault);
  } finally {
    await worker.terminate();
  }
}
