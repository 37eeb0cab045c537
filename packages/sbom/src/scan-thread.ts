/** A thread that looks through an image, and writes what is in it. Where it is used: scan-image.ts. */
import { Readable, Transform } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type LayerContent, packagesOf, readLayer } from './layer.ts';
import { spdxDocument } from './spdx.ts';

/** More is unpacked of no layer. */
const MOST_BYTES = 16 * 1024 * 1024 * 1024;
const MOST_LAYERS = 200;
const LARGEST_DOCUMENT = 32 * 1024 * 1024;

const ACCEPTED = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** What it is given. `known`: what layers have, by their digests, as LayerContent in JSON. */
export type ThreadInput = {
  origin: string;
  repository: string;
  digest: string;
  name: string;
  createdAt: Date;
  known: ReadonlyMap<string, SharedArrayBuffer>;
};

/** `document`: SPDX, as JSON. `layers`: what each layer has, as in `known`. */
export type ThreadOutput =
  | { document: Uint8Array; layers: ReadonlyMap<string, SharedArrayBuffer> }
  | { fault: string };

type Layer = { digest: string; mediaType: string };

class ScanFault extends Error {}

try {
  parentPort?.postMessage(await scan(workerData as ThreadInput));
} catch (error) {
  const fault: ThreadOutput = { fault: error instanceof Error ? error.message : String(error) };
  parentPort?.postMessage(fault);
}

async function scan(input: ThreadInput): Promise<ThreadOutput> {
  const contents: LayerContent[] = [];
  const layers = new Map<string, SharedArrayBuffer>();
  for (const layer of await layersOf(input)) {
    const { digest } = layer;
    const known = input.known.get(digest) ?? layers.get(digest);
    const content = known === undefined ? await readLayer(await unpacked(input, layer)) : fromShared(known);
    layers.set(digest, known ?? toShared(content));
    contents.push(content);
  }
  const { name, digest, createdAt } = input;
  const document = Buffer.from(
    JSON.stringify(spdxDocument({ name, digest }, packagesOf(contents), createdAt)),
  );
  if (document.length > LARGEST_DOCUMENT) throw new ScanFault('It has more packages than are written down.');
  return { document, layers };
}

async function layersOf({ origin, repository, digest }: ThreadInput): Promise<Layer[]> {
  const answer = await fetch(new URL(`/v2/${repository}/manifests/${digest}`, origin), {
    headers: { accept: ACCEPTED },
  });
  if (!answer.ok) throw new ScanFault(`The registry answers ${answer.status} for the image.`);
  const manifest: unknown = await answer.json();
  const layers = Object(manifest).layers as unknown;
  const found = (Array.isArray(layers) ? layers : []).map((layer: unknown) => {
    const { digest: of, mediaType } = Object(layer) as Partial<Layer>;
    if (typeof of !== 'string' || typeof mediaType !== 'string')
      throw new ScanFault('A layer has no digest.');
    return { digest: of, mediaType };
  });
  if (found.length > MOST_LAYERS) throw new ScanFault(`It has more than ${MOST_LAYERS} layers.`);
  return found;
}

async function unpacked(
  { origin, repository }: ThreadInput,
  { digest, mediaType }: Layer,
): Promise<AsyncIterable<Buffer>> {
  const answer = await fetch(new URL(`/v2/${repository}/blobs/${digest}`, origin));
  if (!answer.ok || answer.body === null) {
    throw new ScanFault(`The registry answers ${answer.status} for a layer.`);
  }
  const packed = Readable.from(answer.body);
  const unpack = /zstd$/.test(mediaType)
    ? createZstdDecompress()
    : /gzip$/.test(mediaType)
      ? createGunzip()
      : null;
  const plain = unpack === null ? packed : packed.on('error', (error) => unpack.destroy(error)).pipe(unpack);
  return plain.pipe(limited());
}

function limited(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) done(new ScanFault('A layer is larger than what is looked at.'));
      else done(null, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    },
  });
}

function toShared(content: LayerContent): SharedArrayBuffer {
  const json = Buffer.from(JSON.stringify(content));
  const shared = new SharedArrayBuffer(json.length);
  json.copy(new Uint8Array(shared));
  return shared;
}

function fromShared(shared: SharedArrayBuffer): LayerContent {
  return JSON.parse(Buffer.from(shared).toString('utf8')) as LayerContent;
}
