import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { CliFailure } from '../failure.ts';
import { reasonOf } from './list-source.ts';

export type ArchivedFile = { path: string; digest: string; sizeBytes: number };

const BLOCK_BYTES = 512;

/**
 * A tar of files that are named by the hex of their digests, each once. Throws CliFailure where a file is not any longer what its digest says: then the
 * archive is cut off.
 */
async function* tarOf(root: string, files: readonly ArchivedFile[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield headerOf(file);
    yield* contentOf(root, file);
    const rest = file.sizeBytes % BLOCK_BYTES;
    if (rest > 0) yield new Uint8Array(BLOCK_BYTES - rest);
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

/** The same, packed as gzip. The stream fails with what `tarOf` throws. */
export function archiveOf(root: string, files: readonly ArchivedFile[]): Readable {
  const tar = Readable.from(tarOf(root, files));
  // More than the fastest costs more time than it saves on most lines.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  tar.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => tar.destroy());
  return tar.pipe(gzip);
}

async function* contentOf(root: string, file: ArchivedFile): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  let sent = 0;
  try {
    for await (const chunk of createReadStream(join(root, file.path))) {
      sent += chunk.length;
      if (sent > file.sizeBytes) break;
      digest.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw new CliFailure(`${join(root, file.path)} cannot be read any longer: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
  if (sent === file.sizeBytes && file.digest === `sha256:${digest.digest('hex')}`) return;
  throw new CliFailure(`${join(root, file.path)} changed while it was sent.`, {
    advice: 'Nothing was built. Try again once it is left alone.',
  });
}

function headerOf({ digest, sizeBytes }: ArchivedFile): Uint8Array {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, length: number): number =>
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  header.write(digest.replace(/^sha256:/, ''), 0, 'latin1');
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
