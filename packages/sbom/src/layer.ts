import type { PackageFound } from './package-found.ts';
import { readGoProgram } from './readers/go-program.ts';
import { readJar } from './readers/jar.ts';
import { readApk, readComposer, readDpkg, readGem, readNpm, readPython } from './readers/text-files.ts';
import { type TarEntry, tarEntries } from './tar-entries.ts';

/** What a layer brings and takes away; both by paths as they are in the image. */
export type LayerContent = {
  found: { path: string; packages: PackageFound[] }[];
  /** Each with all below it; of a folder that is `emptied`, what is below it alone. */
  removed: string[];
  emptied: string[];
};

type TextReader = (text: string, path: string) => (PackageFound | null)[];

const LONGEST_TEXT = 32 * 1024 * 1024;
const LARGEST_JAR = 128 * 1024 * 1024;
/** A layer with more was made to be a burden. */
const MOST_ENTRIES = 2_000_000;
const MOST_PACKAGES = 100_000;
const MOST_REMOVED = 200_000;

const READERS: readonly (readonly [path: RegExp, read: TextReader])[] = [
  [/^var\/lib\/dpkg\/(status|status\.d\/[^/]+)$/, readDpkg],
  [/^lib\/apk\/db\/installed$/, readApk],
  [/(^|\/)node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/, readNpm],
  [/\.dist-info\/METADATA$|\.egg-info\/PKG-INFO$|\.egg-info$/, readPython],
  [/(^|\/)vendor\/composer\/installed\.json$/, readComposer],
  [/(^|\/)specifications\/(default\/)?[^/]+\.gemspec$/, (_, path) => readGem(path)],
];

export class LayerTooLarge extends Error {}

/** The packages in a layer's files. `chunks`: its tar, unpacked. Throws TarError, and LayerTooLarge. */
export async function readLayer(chunks: AsyncIterable<Buffer>): Promise<LayerContent> {
  const content: LayerContent = { found: [], removed: [], emptied: [] };
  let entries = 0;
  let packages = 0;
  for await (const entry of tarEntries(chunks)) {
    entries += 1;
    const nameAt = entry.path.lastIndexOf('/') + 1;
    const [folder, name] = [entry.path.slice(0, nameAt), entry.path.slice(nameAt)];
    if (name === '.wh..wh..opq') content.emptied.push(folder);
    else if (name.startsWith('.wh.')) content.removed.push(`${folder}${name.slice('.wh.'.length)}`);
    else if (entry.isFile) {
      const read = await packagesIn(entry);
      const known = (read ?? []).filter((each) => each !== null);
      packages += known.length;
      // A file without packages takes the place of one with some.
      if (read !== null) content.found.push({ path: entry.path, packages: known });
    }
    const removed = content.removed.length + content.emptied.length;
    if (entries > MOST_ENTRIES || packages > MOST_PACKAGES || removed > MOST_REMOVED) {
      throw new LayerTooLarge('A layer has more files or packages than are looked at.');
    }
  }
  return content;
}

/** Null of a file in which none can be. */
async function packagesIn(entry: TarEntry): Promise<(PackageFound | null)[] | null> {
  const { path, size } = entry;
  const reader = READERS.find(([pattern]) => pattern.test(path));
  if (reader !== undefined && size <= LONGEST_TEXT) {
    return reader[1]((await wholeOf(entry)).toString('utf8'), path);
  }
  if (/\.[jw]ar$/.test(path)) return size <= LARGEST_JAR ? readJar(path, await wholeOf(entry)) : [];
  return entry.isExecutable ? await readGoProgram(entry.content()) : null;
}

async function wholeOf(entry: TarEntry): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of entry.content()) parts.push(part);
  return Buffer.concat(parts);
}

/** What an image has of packages, whose layers these are, the lowest first: each once, with the first of the files that tell of it. */
export function packagesOf(layers: readonly LayerContent[]): { path: string; found: PackageFound }[] {
  const files = new Map<string, PackageFound[]>();
  for (const { found, removed, emptied } of layers) {
    const [gone, empty] = [new Set(removed), new Set(emptied)];
    for (const path of [...files.keys()]) {
      const isGone = foldersOf(path).some((folder) => gone.has(folder.slice(0, -1)) || empty.has(folder));
      if (isGone || gone.has(path)) files.delete(path);
    }
    for (const { path, packages } of found) files.set(path, packages);
  }
  const once = new Map<string, { path: string; found: PackageFound }>();
  for (const [path, packages] of files) {
    for (const found of packages) {
      const key = JSON.stringify([found.type, found.namespace, found.name, found.version]);
      if (!once.has(key)) once.set(key, { path, found });
    }
  }
  return [...once.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}

/** All that a path lies below, each with "/" at its end, the top as "". */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)];
}
