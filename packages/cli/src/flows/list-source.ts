import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { CliFailure } from '../failure.ts';
import { type FolderRules, IgnoreRules } from './ignore-rules.ts';

/** A file to be sent, and what tells whether it is still the same. Times are in milliseconds. */
export type ListedFile = {
  path: string;
  sizeBytes: number;
  executable: boolean;
  modifiedMs: number;
  changedMs: number;
  inode: number;
};

export type ListedLink = { path: string; link: string };

export type SourceFault = { path: string; message: string };

/** What is sent of a folder. `complete`: false where there was so much that the rest was not looked at. */
export type SourceList = {
  /** The folder, without links in its path. */
  root: string;
  files: ListedFile[];
  links: ListedLink[];
  faults: SourceFault[];
  complete: boolean;
};

/** Nobody wants to wait for a list of more: that it is too much is known by then. */
const MOST_LISTED = 200_000;
const LONGEST_PATH = 1024;

/**
 * What of a folder counts for a build, by its ignore rules, in the order of its paths. All that stands in the way is among the `faults`. CliFailure where
 * the folder itself cannot be read.
 */
export function listSource(directory: string, dockerfile = 'Dockerfile'): SourceList {
  const root = realFolder(directory);
  const rules = new IgnoreRules(root, dockerfile);
  const list: SourceList = { root, files: [], links: [], faults: [], complete: true };
  const open: { folder: string; above: FolderRules }[] = [{ folder: '', above: rules.root }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { folder, above } = next;
    const entries = read(list, folder);
    const inside = rules.enter(folder, above, new Set(entries.map(({ name }) => name)));
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const isFolder = entry.isDirectory();
      const verdict = rules.decide(path, isFolder, inside);
      if (isFolder && (verdict !== 'left-out' || rules.mayHoldMore(path, inside)))
        open.push({ folder: path, above: rules.below(path, verdict, inside) });
      if (!isFolder && verdict !== 'left-out') add(list, path);
    }
    if (list.files.length + list.links.length > MOST_LISTED) {
      list.complete = false;
      break;
    }
  }
  list.files.sort(byPath);
  list.links.sort(byPath);
  list.faults.sort(byPath);
  return list;
}

function realFolder(directory: string): string {
  try {
    const root = realpathSync.native(directory);
    readdirSync(root);
    return root;
  } catch (error) {
    throw new CliFailure(`The folder ${directory} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

function read(list: SourceList, folder: string) {
  try {
    return readdirSync(join(list.root, folder), { withFileTypes: true });
  } catch (error) {
    list.faults.push({ path: `${folder}/`, message: `the folder cannot be read: ${reasonOf(error)}` });
    return [];
  }
}

function add(list: SourceList, path: string): void {
  const fault = (message: string): number => list.faults.push({ path, message });
  if (path.includes('\ufffd')) return void fault('the name is not written in UTF-8');
  if (path.includes('\\')) return void fault('a name with a backslash means another path on other systems');
  if (path.length > LONGEST_PATH) return void fault(`the path is longer than ${LONGEST_PATH} characters`);
  const stats = lstatSync(join(list.root, path), { throwIfNoEntry: false });
  // It was deleted since the folder was read.
  if (stats === undefined) return;
  if (stats.isFile()) return void list.files.push(fileOf(path, stats));
  if (!stats.isSymbolicLink()) return void fault(`${kindOf(stats)} cannot be sent`);
  const link = readlinkSync(join(list.root, path));
  const outside = leadsOut(list.root, path, link);
  if (outside !== null) fault(outside);
  else list.links.push({ path, link });
}

function fileOf(path: string, stats: Stats): ListedFile {
  return {
    path,
    sizeBytes: stats.size,
    executable: (stats.mode & 0o111) !== 0,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
    inode: stats.ino,
  };
}

function kindOf(stats: Stats): string {
  if (stats.isSocket()) return 'a socket';
  if (stats.isFIFO()) return 'a pipe';
  return 'a device';
}

/** What is wrong with a link; null where it stays inside, by its text and by where it leads today. */
function leadsOut(root: string, path: string, link: string): string | null {
  if (posix.isAbsolute(link))
    return `the link leads to ${link}, which is outside of the folder; make it relative`;
  const target = posix.join(posix.dirname(path), link);
  const real = realTarget(join(root, path));
  const inside = real === null || real === root || !relative(root, real).split(sep).includes('..');
  if (inside && target !== '..' && !target.startsWith('../')) return null;
  return `the link leads to ${link}, which is outside of the folder`;
}

/** Null where it leads to nothing, or in a circle: then only its text counts. */
function realTarget(path: string): string | null {
  try {
    // The other one reads ".." as text, and not as where a link has led to.
    return realpathSync.native(path);
  } catch {
    return null;
  }
}

export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'you may not read it';
    case 'ENOENT':
      return 'it is not there';
    case 'ENOTDIR':
      return 'it is no folder';
    case 'ELOOP':
      return 'it is a link in a circle';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** By code units, as the server sorts. */
function byPath(one: { path: string }, other: { path: string }): number {
  return one.path < other.path ? -1 : one.path > other.path ? 1 : 0;
}
