import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** The clone this very file belongs to. */
export const PROGRAM_ROOT = path.resolve(import.meta.dirname, '..', '..', '..');

/**
 * A name for the program as it lies on disk: it changes when a source file, the lock file or the clone itself
 * does, so that a running supervisor can be told from what npm start would start now.
 */
export async function programVersion(root: string): Promise<string> {
  const hash = createHash('sha256').update(root);
  const add = async (file: string): Promise<void> => {
    const { size, mtimeMs } = await stat(file);
    hash.update(`\n${path.relative(root, file)} ${size} ${mtimeMs}`);
  };
  await add(path.join(root, 'package-lock.json'));
  for (const directory of (await readdir(path.join(root, 'packages'))).sort()) {
    for (const file of await sourceFiles(path.join(root, 'packages', directory, 'src'))) await add(file);
  }
  return hash.digest('hex').slice(0, 16);
}

async function sourceFiles(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(directory)) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) found.push(...(await sourceFiles(full)));
    else if (entry.isFile() && !entry.name.includes('.test.')) found.push(full);
  }
  return found.sort();
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
