import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFile, type SourceEntry, type SourceFile } from '@brainpod/model/source';

const COPIES_AT_ONCE = 16;
const SECONDS_PER_DAY = 86_400;
const FIRST_OF_JANUARY_2000 = 946_684_800;
const MICROSECONDS = 1_000_000;

/** Writes a source that `parseSource` has accepted into a directory that is not there yet. */
export async function writeTree(
  entries: readonly SourceEntry[],
  to: { directory: string; signal: AbortSignal; contentOf: (digest: string) => string },
): Promise<void> {
  const { directory, signal, contentOf } = to;
  await mkdir(directory, { mode: 0o755 });
  const folders = new Set(entries.map((entry) => dirname(join(directory, entry.path))));
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o755 });
  const left = entries.filter(isFile);
  const copy = async (): Promise<void> => {
    for (let file = left.pop(); file !== undefined; file = left.pop()) {
      signal.throwIfAborted();
      await writeFile(file, { place: join(directory, file.path), content: contentOf(file.digest) });
    }
  };
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, copy));
  // Last of all, so that nothing is ever written through a link.
  for (const entry of entries) if (!isFile(entry)) await symlink(entry.link, join(directory, entry.path));
}

/** A copy, since a build that wrote into what it was given would change what the next one is made of. */
async function writeFile(file: SourceFile, { place, content }: { place: string; content: string }) {
  await copyFile(content, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await chmod(place, file.executable === true ? 0o755 : 0o644);
  const time = timeOf(file.digest);
  await utimes(place, time, time);
}

/**
 * When a file counts as written, in seconds since 1970. BuildKit takes a file of the same size and time for the one that
 * it has from the last build, so another content has another time, and the same content always the same.
 */
function timeOf(digest: string): number {
  const number = Number.parseInt(digest.slice('sha256:'.length, 'sha256:'.length + 12), 16);
  return FIRST_OF_JANUARY_2000 + (number % (SECONDS_PER_DAY * MICROSECONDS)) / MICROSECONDS;
}
