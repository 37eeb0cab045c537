/** A file of an archive; `content` is its bytes, as they come, and has to be read before the next file. */
export type TarEntry = {
  /** As written, without "./" before it. */
  path: string;
  size: number;
  isFile: boolean;
  isExecutable: boolean;
  content(): AsyncGenerator<Buffer>;
};

const BLOCK = 512;
/** A name is shorter. */
const LONGEST_HEADER = 64 * 1024;
/** As Linux has it. */
const LONGEST_PATH = 4096;
const FILE_TYPES = ['0', '\0', '7'];

export class TarError extends Error {}

/**
 * The entries of a tar, POSIX.1-2001 (pax) and GNU's, in order. Whoever wrote it may be anybody: no header is kept that is longer than
 * a name can be, and a file's bytes pass by. Throws TarError where it is none.
 */
export async function* tarEntries(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const reader = new Reader(chunks);
  let named: string | null = null;
  let sized: number | null = null;
  for (;;) {
    const header = await reader.exactly(BLOCK);
    if (header === null || header.every((byte) => byte === 0)) return;
    const size = sized ?? numberIn(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    const padded = size + ((BLOCK - (size % BLOCK)) % BLOCK);
    if (type === 'x' || type === 'L') {
      if (size > LONGEST_HEADER) throw new TarError('A header of the archive is too long.');
      const content = await reader.exactly(padded);
      if (content === null) throw new TarError('The archive ends within a header.');
      const text = content.subarray(0, size);
      if (type === 'L') named = textIn(text, 0, text.length);
      else {
        const fields = paxFields(text);
        named = fields.get('path') ?? named;
        const told = fields.get('size');
        sized = told === undefined ? sized : readSize(told);
      }
      continue;
    }
    if (type !== 'g' && type !== 'K') {
      const path = (named ?? nameIn(header)).replace(/^(\.?\/)+/, '');
      if (path.length > LONGEST_PATH) throw new TarError('A name in the archive is too long.');
      const isFile = FILE_TYPES.includes(type);
      let left = isFile ? size : 0;
      yield {
        path,
        size: left,
        isFile,
        isExecutable: (numberIn(header, 100, 8) & 0o111) !== 0,
        async *content() {
          while (left > 0) {
            const chunk = await reader.atMost(left);
            left -= chunk.length;
            yield chunk;
          }
        },
      };
      await reader.skip(left + (isFile ? padded - size : padded));
      named = null;
      sized = null;
      continue;
    }
    await reader.skip(padded);
  }
}

/** Bytes of a stream by number. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Null at the end of the stream. */
  async exactly(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (!(await this.#fill())) {
        if (missing === length) return null;
        throw new TarError('The archive ends too early.');
      }
      const part = this.#take(missing);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts);
  }

  async atMost(length: number): Promise<Buffer> {
    if (!(await this.#fill())) throw new TarError('The archive ends within a file.');
    return this.#take(length);
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) left -= (await this.atMost(left)).length;
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      this.#rest = value;
    }
    return true;
  }

  #take(length: number): Buffer {
    const part = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}

function nameIn(header: Buffer): string {
  const name = textIn(header, 0, 100);
  const isUstar = textIn(header, 257, 6).startsWith('ustar') && header[262] === 0;
  const prefix = isUstar ? textIn(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textIn(bytes: Buffer, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return part.subarray(0, end < 0 ? part.length : end).toString('utf8');
}

/** Octal, or with its first bit set the rest as one number, as GNU writes what is too large for that. */
function numberIn(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) {
    const number = header.subarray(start + length - 6, start + length).readUIntBE(0, 6);
    return checked(number);
  }
  const text = textIn(header, start, length).trim();
  if (!/^[0-7]*$/.test(text)) throw new TarError('A header of the archive is none.');
  return checked(text === '' ? 0 : Number.parseInt(text, 8));
}

function readSize(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new TarError('A size in the archive is none.');
  return checked(Number(text));
}

function checked(number: number): number {
  if (Number.isSafeInteger(number)) return number;
  throw new TarError('A size in the archive is none.');
}

/** `<length> <key>=<value>\n`, each. */
function paxFields(content: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = Number(content.subarray(at, space < 0 ? at : space).toString('latin1'));
    if (!Number.isSafeInteger(length) || length <= 0 || at + length > content.length) {
      throw new TarError('A header of the archive is none.');
    }
    const field = content.subarray(space + 1, at + length - 1).toString('utf8');
    const equals = field.indexOf('=');
    if (equals > 0) fields.set(field.slice(0, equals), field.slice(equals + 1));
    at += length;
  }
  return fields;
}
