import { type PackageFound, packageFound } from '../package-found.ts';

// As debug/buildinfo of Go's library reads it: https://pkg.go.dev/debug/buildinfo.
const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const HEADER_BYTES = 32;
/** The text follows the header, as Go has written it since 1.18. */
const IS_INLINE = 2;
/** What stands before and behind the modules, so that they are found. */
const SENTINEL_BYTES = 16;
const MOST_BYTES = 1024 * 1024;
const ELF = Buffer.from('\x7fELF', 'latin1');

/** The modules that a program of Go was made of, as it says itself; none of a program of another language. */
export async function readGoProgram(chunks: AsyncIterable<Buffer>): Promise<(PackageFound | null)[]> {
  let kept: Buffer = Buffer.alloc(0);
  let isProgram: boolean | null = null;
  let found: Buffer | null = null;
  for await (const chunk of chunks) {
    if (found !== null) {
      found = Buffer.concat([found, chunk]);
    } else {
      const searched = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
      isProgram ??= searched.length >= ELF.length ? searched.subarray(0, ELF.length).equals(ELF) : null;
      if (isProgram === false) return [];
      const at = searched.indexOf(MAGIC);
      if (at >= 0) found = searched.subarray(at);
      else kept = Buffer.from(searched.subarray(-MAGIC.length + 1));
    }
    while (found !== null && found.length >= MOST_BYTES) {
      const modules = modulesIn(found);
      if (modules !== null) return modules;
      ({ found, kept } = next(found));
    }
  }
  while (found !== null) {
    const modules = modulesIn(found);
    if (modules !== null) return modules;
    ({ found, kept } = next(found));
  }
  return [];
}

/** A program that reads others has these bytes too, and more than once. */
function next(before: Buffer): { found: Buffer | null; kept: Buffer } {
  const at = before.indexOf(MAGIC, 1);
  return at < 0
    ? { found: null, kept: Buffer.from(before.subarray(-MAGIC.length + 1)) }
    : { found: before.subarray(at), kept: Buffer.alloc(0) };
}

function modulesIn(bytes: Buffer): (PackageFound | null)[] | null {
  if (((bytes[MAGIC.length + 1] ?? 0) & IS_INLINE) === 0) return null;
  const version = textAt(bytes, HEADER_BYTES);
  if (version === null || !version.text.startsWith('go')) return null;
  const modules = textAt(bytes, version.end);
  if (modules === null) return null;
  const lines = modules.text.slice(SENTINEL_BYTES, -SENTINEL_BYTES).split('\n');
  const found = [packageFound('golang', 'stdlib', version.text.slice('go'.length).split(' ')[0])];
  for (const line of lines) {
    const [kind, path, number] = line.split('\t');
    // What replaces a module stands in the line after it.
    if (kind === '=>') found.pop();
    if (kind === 'dep' || kind === 'mod' || kind === '=>') found.push(module(path, number));
  }
  return found;
}

function module(path: string | undefined, version: string | undefined): PackageFound | null {
  const [, before = null, name = path] = /^(.+)\/([^/]+)$/.exec(path ?? '') ?? [];
  return packageFound('golang', name, version, before);
}

/** A text behind its length, which is written as a varint. */
function textAt(bytes: Buffer, start: number): { text: string; end: number } | null {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return null;
    length |= (byte & 0x7f) << (7 * index);
    if ((byte & 0x80) !== 0) continue;
    const begin = start + index + 1;
    const end = begin + length;
    return end > bytes.length ? null : { text: bytes.subarray(begin, end).toString('latin1'), end };
  }
  return null;
}
