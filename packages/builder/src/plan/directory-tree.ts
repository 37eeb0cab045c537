import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A folder as a build plan sees it. Paths are relative, with "/" between parts. */
export type DirectoryTree = { readonly paths: readonly string[]; readText(path: string): string | null };

/** What says how to build is never below these, and they hold most of a folder's files. */
const SKIPPED = new Set(['.git', 'node_modules']);
const MOST_FILES = 50_000;
const LONGEST_TEXT_BYTES = 1024 * 1024;

/** Links are not followed: they may lead out of the directory. */
export function directoryTree(directory: string): DirectoryTree {
  const paths = new Set<string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(directory, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(path);
      if (entry.isFile() && paths.size < MOST_FILES) paths.add(path);
    }
  };
  walk('');
  return {
    paths: [...paths],
    readText(path) {
      if (!paths.has(path)) return null;
      const file = join(directory, path);
      if (statSync(file).size > LONGEST_TEXT_BYTES) return null;
      const bytes = readFileSync(file);
      return bytes.includes(0) ? null : bytes.toString('utf8');
    },
  };
}
