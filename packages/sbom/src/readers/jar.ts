import { inflateRawSync } from 'node:zlib';
import { type PackageFound, packageFound } from '../package-found.ts';

// The form of zip files: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 65_535;
const MOST_ENTRIES = 65_535;
const LONGEST_PROPERTIES = 64 * 1024;
const LARGEST_INNER = 64 * 1024 * 1024;

type Entry = { name: string; method: number; compressed: number; size: number; offset: number };

/**
 * The packages of a jar: what Maven has written into it, with each that was put into it whole; else what its name says. `depth`: how many
 * jars it may lie within.
 */
export function readJar(path: string, bytes: Buffer, depth = 1): (PackageFound | null)[] {
  const entries = entriesOf(bytes);
  const written = entries
    .filter(({ name }) => /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(name))
    .map((entry) => propertiesOf(contentOf(bytes, entry, LONGEST_PROPERTIES)))
    .filter((found) => found !== null);
  const inner = entries
    .filter(({ name }) => depth > 0 && name.endsWith('.jar'))
    .flatMap((entry) => {
      const content = contentOf(bytes, entry, LARGEST_INNER);
      return content === null ? [nameOf(entry.name)] : readJar(entry.name, content, depth - 1);
    });
  return written.length > 0 || inner.length > 0 ? [...written, ...inner] : [nameOf(path)];
}

/** Of what is no zip file there are none. */
function entriesOf(bytes: Buffer): Entry[] {
  const end = endOf(bytes);
  if (end === null) return [];
  const entries: Entry[] = [];
  const count = Math.min(bytes.readUInt16LE(end + 10), MOST_ENTRIES);
  let at = bytes.readUInt32LE(end + 16);
  while (entries.length < count && at + CENTRAL_BYTES <= bytes.length && bytes.readUInt32LE(at) === CENTRAL) {
    const [name, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const begin = at + CENTRAL_BYTES;
    entries.push({
      name: bytes.subarray(begin, begin + (name ?? 0)).toString('utf8'),
      method: bytes.readUInt16LE(at + 10),
      compressed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    });
    at = begin + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return entries;
}

function endOf(bytes: Buffer): number | null {
  const least = Math.max(0, bytes.length - END_BYTES - LONGEST_COMMENT);
  for (let at = bytes.length - END_BYTES; at >= least; at--) if (bytes.readUInt32LE(at) === END) return at;
  return null;
}

/** Null where it is larger than it may be, or cannot be read. */
function contentOf(bytes: Buffer, { method, compressed, size, offset }: Entry, most: number): Buffer | null {
  if (size > most || offset + LOCAL_BYTES > bytes.length) return null;
  const begin = offset + LOCAL_BYTES + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  const packed = bytes.subarray(begin, begin + compressed);
  if (method === 0) return packed;
  if (method !== 8) return null;
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch {
    return null; // Damaged, or larger than it says: what its name says is what there is.
  }
}

function propertiesOf(content: Buffer | null): PackageFound | null {
  const text = content?.toString('utf8') ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}\\s*=\\s*(.*?)\\s*$`, 'm').exec(text)?.[1];
  return packageFound('maven', field('artifactId'), field('version'), field('groupId') ?? null);
}

function nameOf(path: string): PackageFound | null {
  const [, name, version] = /([^/]+?)-(\d[\w.+-]*)\.jar$/.exec(path) ?? [];
  return packageFound('generic', name, version);
}
