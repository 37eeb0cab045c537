import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliFailure } from '../failure.ts';
import { sizeText } from '../text/size-text.ts';
import { DigestCache } from './digest-cache.ts';
import { type ListedFile, listSource, reasonOf, type SourceFault, type SourceList } from './list-source.ts';

/** A file or a link of a source, as the API takes it. */
export type SourceEntry =
  | { path: string; digest: string; sizeBytes: number; executable?: boolean }
  | { path: string; link: string };

/** `root`: the folder that the paths begin in. `bytes`: of all files together. */
export type PackedDirectory = { root: string; entries: SourceEntry[]; bytes: number };

type Options = {
  environment: Record<string, string | undefined>;
  /** Its path in the folder. */
  dockerfile?: string;
  signal?: AbortSignal;
};

const MOST_ENTRIES = 50_000;
const GIB = 1024 ** 3;
const MOST_BYTES = 2 * GIB;
const LARGEST_FILE_BYTES = GIB;
const READ_AT_ONCE_BYTES = 4 * 1024 * 1024;
const READERS = 8;
const MOST_FAULTS_SHOWN = 20;
const MOST_PARTS = 5;
/** A part that holds this share of the one above it is named in its place. */
const MOST_OF_IT = 0.8;

/**
 * What is sent of a folder to be built: which files, by their digests, and which links. CliFailure with all that cannot be sent, and for a folder
 * that is too large with its largest parts, before anything is read.
 */
export async function packDirectory(directory: string, options: Options): Promise<PackedDirectory> {
  const listedMs = Date.now();
  const list = listSource(directory, options.dockerfile);
  refuseTooMuch(list);
  refuseFaults(list.faults, list.root);
  if (list.files.length === 0) {
    throw new CliFailure(`There is nothing to build in ${list.root}: it has no file that is not left out.`, {
      advice: 'What is left out, .gitignore, .dockerignore and .brainpodignore say.',
    });
  }
  const cache = new DigestCache(list.root, options.environment);
  const digests = await digestsOf(list, cache, options.signal);
  cache.keep(digests, listedMs);
  const files = list.files.map((file): SourceEntry => {
    const { path, sizeBytes, executable } = file;
    const entry = { path, digest: digests.get(file) ?? '', sizeBytes };
    return executable ? { ...entry, executable } : entry;
  });
  return { root: list.root, entries: [...files, ...list.links], bytes: sizeOf(list.files) };
}

async function digestsOf(
  list: SourceList,
  cache: DigestCache,
  signal?: AbortSignal,
): Promise<Map<ListedFile, string>> {
  const digests = new Map<ListedFile, string>();
  const faults: SourceFault[] = [];
  const unknown = list.files.filter((file) => {
    const digest = cache.find(file);
    if (digest !== null) digests.set(file, digest);
    return digest === null;
  });
  const queue = unknown.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      signal?.throwIfAborted();
      try {
        digests.set(file, await digestOf(list.root, file));
      } catch (error) {
        faults.push({ path: file.path, message: `it cannot be read: ${reasonOf(error)}` });
      }
    }
  };
  await Promise.all(Array.from({ length: READERS }, work));
  refuseFaults(faults, list.root);
  return digests;
}

async function digestOf(root: string, file: ListedFile): Promise<string> {
  const place = join(root, file.path);
  if (file.sizeBytes <= READ_AT_ONCE_BYTES) {
    const bytes = await readFile(place);
    if (bytes.length !== file.sizeBytes) throw changed();
    return `sha256:${hash('sha256', bytes)}`;
  }
  const digest = createHash('sha256');
  let read = 0;
  for await (const chunk of createReadStream(place)) {
    digest.update(chunk);
    read += chunk.length;
  }
  if (read !== file.sizeBytes) throw changed();
  return `sha256:${digest.digest('hex')}`;
}

function changed(): Error {
  return new Error('it is being written to; try again when that is done');
}

function refuseFaults(faults: readonly SourceFault[], root: string): void {
  if (faults.length === 0) return;
  const shown = faults.slice(0, MOST_FAULTS_SHOWN).map(({ path, message }) => `  ${path}: ${message}`);
  const more = faults.length > MOST_FAULTS_SHOWN ? [`  … and ${faults.length - MOST_FAULTS_SHOWN} more`] : [];
  throw new CliFailure([`${root} cannot be sent as it is:`, ...shown, ...more].join('\n'), {
    advice:
      'What the build does not need can be left out by a line in .brainpodignore, written as in a .gitignore.',
  });
}

function refuseTooMuch(list: SourceList): void {
  const entries = list.files.length + list.links.length;
  const bytes = sizeOf(list.files);
  const large = list.files.filter(({ sizeBytes }) => sizeBytes > LARGEST_FILE_BYTES);
  const tooMany = entries > MOST_ENTRIES;
  if (!tooMany && bytes <= MOST_BYTES && large.length === 0) return;
  const limits = `${filesText(MOST_ENTRIES)}, 2 GiB in all and 1 GiB in one file`;
  const parts = largestParts(list.files, tooMany && bytes <= MOST_BYTES);
  const named = parts.map(({ name, count, size }) =>
    !name.endsWith('/')
      ? `  ${name}  ${sizeText(size)}`
      : `  ${name}  ${sizeText(size)} in ${filesText(count)}`,
  );
  const counted = `${list.complete ? '' : 'more than '}${filesText(entries)}, ${sizeText(bytes)}`;
  throw new CliFailure(
    [
      `${list.root} is too large to be sent: ${counted}. At most ${limits} can be built. Its largest parts:`,
      ...named,
    ].join('\n'),
    {
      advice:
        'Leave out what the build does not need by a line in .brainpodignore, written as in a .gitignore, such as ' +
        `"/${parts[0]?.name ?? ''}".`,
    },
  );
}

function filesText(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'file' : 'files'}`;
}

type Part = { name: string; count: number; size: number };

function largestParts(files: readonly ListedFile[], byCount: boolean): Part[] {
  const weight = ({ count, size }: Part): number => (byCount ? count : size);
  const split = (folder: string): Part[] => {
    const parts = new Map<string, Part>();
    for (const { path, sizeBytes } of files) {
      if (!path.startsWith(folder)) continue;
      const slash = path.indexOf('/', folder.length);
      const name = slash < 0 ? path : path.slice(0, slash + 1);
      const part = parts.get(name) ?? { name, count: 0, size: 0 };
      parts.set(name, { name, count: part.count + 1, size: part.size + sizeBytes });
    }
    return [...parts.values()].sort((one, other) => weight(other) - weight(one));
  };
  /** A folder that is large for one part of it is named by that part. */
  const closer = (part: Part): Part => {
    const [first] = part.name.endsWith('/') ? split(part.name) : [];
    const holdsMost = first !== undefined && weight(first) >= MOST_OF_IT * weight(part);
    return holdsMost && first.name.endsWith('/') ? closer(first) : part;
  };
  return split('').slice(0, MOST_PARTS).map(closer);
}

function sizeOf(files: readonly ListedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
