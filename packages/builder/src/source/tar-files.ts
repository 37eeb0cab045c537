import { SOURCE_LIMITS } from '@brainpod/model/source';
import { WrongContent } from './source-store.ts';

const BLOCK = 512;
const NAME = /^[0-9a-f]{64}$/;

/** One file of a tar: its name, and its bytes, which must be read before the next file is asked for. */
type TarFile = { digest: string; content: AsyncIterable<Uint8Array> };

/**
 * The files of a tar stream, each named by the hexadecimal SHA-256 of what is in it. Whatever else a tar can hold, such
 * as links, folders and longer names, is refused (WrongContent) before anything of it is kept.
 */
export async function* readTarFiles(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const bytes = new ByteReader(stream);
  for (;;) {
    const header = await bytes.exactly(BLOCK);
    // Two empty blocks end a tar; some writers fill up with more.
    if (header === null || header.every((byte) => byte === 0)) {
      await bytes.drain();
      return;
    }
    const { digest, sizeBytes } = readHeader(header);
    let left = sizeBytes;
    yield {
      digest,
      content: (async function* () {
        while (left > 0) {
          const chunk = await bytes.upTo(left);
          left -= chunk.length;
          yield chunk;
        }
      })(),
    };
    if (left > 0) throw new Error('a file of a tar was not read to its end');
    const padding = (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
    if (padding > 0) await bytes.exactly(padding);
  }
}

function readHeader(header: Buffer): { digest: string; sizeBytes: number } {
  const name = textOf(header.subarray(0, 100));
  const prefix = textOf(header.subarray(345, 500));
  const type = String.fromCharCode(header[156] ?? 0);
  const size = textOf(header.subarray(124, 136)).trim();
  if (checksumOf(header) !== Number.parseInt(textOf(header.subarray(148, 156)).trim(), 8)) {
    throw new WrongContent('The body is no tar.');
  }
  if ((type !== '0' && type !== '\0') || prefix !== '' || !NAME.test(name)) {
    throw new WrongContent(
      'The tar holds something else than regular files that are named by the hexadecimal SHA-256 of what is in them.',
    );
  }
  const sizeBytes = /^[0-7]{1,12}$/.test(size) ? Number.parseInt(size, 8) : Number.NaN;
  if (Number.isNaN(sizeBytes)) throw new WrongContent('The tar holds a file of no sane size.');
  // Said before any of it is read.
  if (sizeBytes > SOURCE_LIMITS.fileBytes) throw new WrongContent(`sha256:${name} is larger than 1 GiB.`);
  return { digest: `sha256:${name}`, sizeBytes };
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end === -1 ? field.length : end);
}

/** The sum of the header's bytes, where those of the sum itself count as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
}

class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** At least one byte and at most this many. */
  async upTo(count: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#more())) throw cutOff();
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Just so many; null where there is nothing more at all. */
  async exactly(count: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let left = count;
    while (left > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) {
        if (left === count) return null;
        throw cutOff();
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Reads to the end, so that whoever sends is heard out. */
  async drain(): Promise<void> {
    while (await this.#more());
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
      return true;
    }
  }
}

function cutOff(): WrongContent {
  return new WrongContent('The tar ends in the middle of a file.');
}
