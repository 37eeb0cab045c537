import { canonicalJson } from './canonical-json.ts';
import { type Fault, invalid, isRecord, joinPath, type Parsed, valid } from './fault.ts';
import { resolveSourceLink } from './source-link.ts';

/** A file of a source. `digest` is `sha256:` and 64 hexadecimal digits of what is in it. */
export type SourceFile = { path: string; digest: string; sizeBytes: number; executable?: boolean };
/** A symbolic link, with what is written in it: a path relative to the link's own folder. */
export type SourceLink = { path: string; link: string };
/** Folders have no entry of their own: they are there when something is in them. */
export type SourceEntry = SourceFile | SourceLink;

const GIB = 1024 ** 3;
export const SOURCE_LIMITS = {
  entries: 50_000,
  totalBytes: 2 * GIB,
  fileBytes: GIB,
  pathCharacters: 1024,
  nameBytes: 255,
};

// Enough to see what is wrong; an answer with a sentence for each of 50,000 files helps nobody.
const MOST_FAULTS = 100;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isFile(entry: SourceEntry): entry is SourceFile {
  return 'digest' in entry;
}

/** Checks the list of a source's files: everything that is wrong with it, each with a path such as `files[3].path`. */
export function parseSource(input: unknown): Parsed<SourceEntry[]> {
  if (!Array.isArray(input)) return invalid('It must be a list of files and links.', 'files');
  if (input.length === 0) return invalid('There is no file in it, so there is nothing to build.', 'files');
  if (input.length > SOURCE_LIMITS.entries) {
    return invalid(
      `These are ${input.length} files; at most ${SOURCE_LIMITS.entries} can be sent. Leave some out with .brainpodignore.`,
      'files',
    );
  }
  const faults: Fault[] = [];
  const entries = input.map((each: unknown, index) => parseEntry(each, joinPath('files', index), faults));
  const whole = entries.filter((entry) => entry !== null);
  if (whole.length === entries.length) faults.push(...faultsBetween(whole));
  if (faults.length === 0) return valid(whole);
  return { ok: false, faults: bounded(faults) };
}

/** The text that a source's digest is the SHA-256 of: the same whatever the order of its entries. */
export function sourceText(entries: readonly SourceEntry[]): string {
  const plain = entries.map((entry) =>
    isFile(entry)
      ? {
          path: entry.path,
          digest: entry.digest,
          sizeBytes: entry.sizeBytes,
          ...(entry.executable === true ? { executable: true } : {}),
        }
      : { path: entry.path, link: entry.link },
  );
  return canonicalJson(plain.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)));
}

function bounded(faults: Fault[]): Fault[] {
  if (faults.length <= MOST_FAULTS) return faults;
  const rest = faults.length - MOST_FAULTS;
  return [...faults.slice(0, MOST_FAULTS), { path: 'files', message: `${rest} more things are wrong.` }];
}

function parseEntry(input: unknown, place: string, faults: Fault[]): SourceEntry | null {
  if (!isRecord(input)) {
    faults.push({ path: place, message: 'It must be an object with a path.' });
    return null;
  }
  const before = faults.length;
  const report = (field: string, message: string | null): void => {
    if (message !== null) faults.push({ path: joinPath(place, field), message });
  };
  const { path, digest, sizeBytes, executable, link } = input;
  report('path', faultOfPath(path));
  if (link !== undefined) {
    report('link', faultOfLink(link));
    for (const field of ['digest', 'sizeBytes', 'executable']) {
      if (input[field] !== undefined) report(field, 'A link has none: it is a file or a link, not both.');
    }
    if (faults.length > before || typeof path !== 'string' || typeof link !== 'string') return null;
    return { path, link };
  }
  report('digest', faultOfDigest(digest));
  report('sizeBytes', faultOfSize(sizeBytes));
  if (executable !== undefined && typeof executable !== 'boolean') {
    report('executable', 'It must be true or false.');
  }
  if (faults.length > before) return null;
  if (typeof path !== 'string' || typeof digest !== 'string' || typeof sizeBytes !== 'number') return null;
  return { path, digest, sizeBytes, ...(executable === true ? { executable } : {}) };
}

function faultOfDigest(digest: unknown): string | null {
  if (typeof digest === 'string' && DIGEST.test(digest)) return null;
  return 'It must be "sha256:" and 64 lowercase hexadecimal digits.';
}

function faultOfSize(sizeBytes: unknown): string | null {
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    return 'It must be a whole number of bytes.';
  }
  return sizeBytes > SOURCE_LIMITS.fileBytes
    ? 'One file can have at most 1 GiB. Leave it out with .brainpodignore.'
    : null;
}

function faultOfLink(link: unknown): string | null {
  if (typeof link !== 'string' || link === '') return 'It must be the path that the link leads to.';
  if (link.length > SOURCE_LIMITS.pathCharacters) return 'It is longer than 1,024 characters.';
  if (link.includes('\0') || link.includes('\\') || !link.isWellFormed()) {
    return 'It holds a character that no path can have: NUL, a backslash, or half a character.';
  }
  return link.startsWith('/') ? 'It is absolute. A link must lead to something within the source.' : null;
}

/** What keeps a text from being the path of a source's file; null where nothing does. */
export function faultOfPath(path: unknown): string | null {
  if (typeof path !== 'string' || path === '') return 'It must be the path of a file within the source.';
  if (path.length > SOURCE_LIMITS.pathCharacters) return 'It is longer than 1,024 characters.';
  if (path.includes('\0') || path.includes('\\') || !path.isWellFormed()) {
    return 'It holds a character that no path can have: NUL, a backslash, or half a character.';
  }
  if (path.startsWith('/')) return 'It is absolute. It must be relative to the folder that is sent.';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'It has an empty part, "." or "..". It must lead straight down from the folder that is sent.';
  }
  const encoder = new TextEncoder();
  return parts.some((part) => encoder.encode(part).length > SOURCE_LIMITS.nameBytes)
    ? 'A name in it is longer than 255 bytes.'
    : null;
}

/** What is wrong with entries that are each right. */
function faultsBetween(entries: readonly SourceEntry[]): Fault[] {
  const faults: Fault[] = [];
  const byPath = new Map<string, SourceEntry>();
  const sizes = new Map<string, number>();
  let totalBytes = 0;
  for (const [index, entry] of entries.entries()) {
    const place = joinPath('files', index);
    if (byPath.has(entry.path)) {
      faults.push({ path: `${place}.path`, message: `"${entry.path}" is in it twice.` });
    }
    byPath.set(entry.path, entry);
    if (!isFile(entry)) continue;
    totalBytes += entry.sizeBytes;
    const known = sizes.get(entry.digest);
    if (known !== undefined && known !== entry.sizeBytes) {
      faults.push({ path: `${place}.sizeBytes`, message: 'Another file with this digest has another size.' });
    }
    sizes.set(entry.digest, entry.sizeBytes);
  }
  if (totalBytes > SOURCE_LIMITS.totalBytes) {
    faults.push({
      path: 'files',
      message: 'They are more than 2 GiB together. Leave some out with .brainpodignore.',
    });
  }
  const links = new Map(entries.flatMap((entry) => (isFile(entry) ? [] : [[entry.path, entry.link]])));
  for (const [index, entry] of entries.entries()) {
    const place = joinPath('files', index);
    const above = foldersOf(entry.path).find((folder) => byPath.has(folder));
    if (above !== undefined) {
      const message = `"${above}" is a file or a link in this source, so nothing can be in it.`;
      faults.push({ path: `${place}.path`, message });
    }
    if (isFile(entry) || resolveSourceLink(entry.path, links) === 'inside') continue;
    faults.push({ path: `${place}.link`, message: 'It leads out of the source.' });
  }
  return faults;
}

function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
    folders.push(path.slice(0, end));
  }
  return folders;
}
