/** A thread that looks through the layers of an image, and says what it found. Where it is used: scan-image.ts. */
import { Readable, Transform } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type LayerContent, readLayer } from './layer.ts';

/** More is unpacked of no layer. */
const MOST_BYTES = 16 * 1024 * 1024 * 1024;

/** What it is given: the layers of one image. */
export type ThreadInput = { url: string; mediaType: string }[];

try {
  const contents: LayerContent[] = [];
  for (const layer of workerData as ThreadInput) contents.push(await readLayer(await unpacked(layer)));
  parentPort?.postMessage({ contents });
} catch (error) {
  parentPort?.postMessage({ fault: error instanceof Error ? error.message : String(error) });
}

async function unpacked({ url, mediaType }: ThreadInput[number]): Promise<AsyncIterable<Buffer>> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null)
    throw new Error(`The registry answers ${answer.status} for a layer.`);
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
      if (bytes > MOST_BYTES) done(new Error('A layer is larger than what is looked at.'));
      else done(null, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    },
  });
}
