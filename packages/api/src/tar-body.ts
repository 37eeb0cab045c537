import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ApiError } from '@brainpod/model/errors';
import { invalid, valid } from '@brainpod/model/fault';
import { SOURCE_LIMITS } from '@brainpod/model/source';
import type { BodySpec } from './input.ts';

const TAR = 'application/x-tar';
/** The second is for clients that know bytes only. */
const MEDIA_TYPES: readonly string[] = [TAR, 'application/octet-stream'];
// Beside what is in them, files have a header and are filled up.
const MOST_BYTES = SOURCE_LIMITS.totalBytes + SOURCE_LIMITS.entries * 1024;

/** A tar that is read as it comes. */
export const TAR_BODY: BodySpec<Readable> = {
  required: true,
  schema: null,
  mediaTypes: MEDIA_TYPES,
  parse: (input) =>
    input instanceof Readable ? valid(input) : invalid(`A body is needed, with Content-Type: ${TAR}.`),
};

/**
 * What a request sends, unpacked. Throws (ApiError) REQUEST_TOO_LARGE for more than a source can be, packed or not, and
 * REQUEST_TIMEOUT where nothing comes for `idleMs`.
 */
export function openTar(
  body: Readable,
  headers: IncomingHttpHeaders,
  idleMs: number,
): AsyncIterable<Uint8Array> {
  if (Number(headers['content-length'] ?? 0) > MOST_BYTES) throw tooLarge();
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!MEDIA_TYPES.includes(mediaType)) {
    throw new ApiError('BAD_REQUEST', `The body must be a tar, with Content-Type: ${TAR}.`);
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return bounded(inTime(body, idleMs));
  if (encoding !== 'gzip') {
    throw new ApiError('BAD_REQUEST', 'The body must have Content-Encoding: gzip, or none.');
  }
  return bounded(unpacked(inTime(body, idleMs)));
}

async function* unpacked(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const source = Readable.from(packed);
  source.once('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new ApiError('VALIDATION_ERROR', 'The body is not what gzip makes, or is cut off.', {
      cause: error,
    });
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw tooLarge();
    yield chunk;
  }
}

/** Whoever stops sending does not keep us waiting for ever. */
async function* inTime(body: Readable, idleMs: number): AsyncGenerator<Uint8Array> {
  const late = () => {
    const message = 'Nothing of the body came for a while, so it was given up. Send what is still missing.';
    body.destroy(new ApiError('REQUEST_TIMEOUT', message));
  };
  const timer = setTimeout(late, idleMs);
  try {
    for await (const chunk of body) {
      timer.refresh();
      yield chunk;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(): ApiError {
  return new ApiError('REQUEST_TOO_LARGE', 'A source can have at most 2 GiB.');
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
