import type { FileTree } from '../build-plan.ts';

/** A package that is installed with others of one lock file. */
export type Member = {
  /** Where it is in the whole. */
  folder: string;
  /** The folders of all packages of the whole, which an installation has to know. */
  folders: readonly string[];
  /** Turborepo builds it, and what it uses of the others before. */
  hasTurbo: boolean;
};

const LOCKS = ['package-lock.json', 'yarn.lock'];

/**
 * The folder as a package of a workspace of npm or Yarn 1, and its tree with the lock file that counts for it; null where
 * it is none, or has a lock file of its own.
 */
export function memberOf(tree: FileTree, folder: string): { member: Member; tree: FileTree } | null {
  const has = (path: string): boolean => tree.paths.includes(path);
  const locks = LOCKS.filter(has);
  const isMember = has('package.json') && has(`${folder}/package.json`) && locks.length > 0;
  if (!isMember || LOCKS.some((lock) => has(`${folder}/${lock}`))) return null;
  if (!/"workspaces"\s*:/.test(tree.readText('package.json') ?? '')) return null;
  const folders = tree.paths
    .filter((path) => path.endsWith('/package.json') && !/(^|\/)node_modules\//.test(path))
    .map((path) => path.slice(0, path.lastIndexOf('/')))
    // What a COPY would read as more than one path stays out.
    .filter((each) => /^[\w@./-]+$/.test(each))
    .sort();
  const prefix = `${folder}/`;
  const own = tree.paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  return {
    member: { folder, folders, hasTurbo: has('turbo.json') },
    tree: {
      paths: [...own, ...locks],
      readText: (path) => tree.readText(LOCKS.includes(path) ? path : `${prefix}${path}`),
    },
  };
}
