import { type FileTree, hasFile } from '../build-plan.ts';
import { readToml, tableAt, textAt } from '../toml.ts';

/** A package of a workspace of uv. */
export type UvMember = {
  /** Where it is in the whole; null where it is at the top. */
  folder: string | null;
  name: string;
  /** The folders of all others, which uv has to know. */
  folders: readonly string[];
};

/** What counts for each package, though it lies at the top. */
const OF_ALL = ['uv.lock', '.python-version'];

/** The folders of the packages of a workspace of uv, without the top; null where it is none. */
export function uvFolders(tree: FileTree): readonly string[] | null {
  const top = readToml(tree.readText('pyproject.toml') ?? '');
  if (top === null || Object.keys(tableAt(top, 'tool', 'uv', 'workspace')).length === 0) return null;
  return (
    tree.paths
      .filter((path) => path.endsWith('/pyproject.toml') && !/(^|\/)\.?venv\//.test(path))
      .map((path) => path.slice(0, path.lastIndexOf('/')))
      // What a COPY would read as more than one path stays out.
      .filter((folder) => /^[\w@./-]+$/.test(folder) && !hasFile(tree, `${folder}/uv.lock`))
      .sort()
  );
}

/**
 * A folder as a package of a workspace of uv, or its top (null), and its tree with what counts for it of the top; null where
 * it is none.
 */
export function uvMemberOf(
  tree: FileTree,
  folder: string | null,
): { member: UvMember; tree: FileTree } | null {
  const folders = uvFolders(tree);
  if (folders === null || !hasFile(tree, 'uv.lock')) return null;
  if (folder !== null && !folders.includes(folder)) return null;
  const prefix = folder === null ? '' : `${folder}/`;
  const manifest = readToml(tree.readText(`${prefix}pyproject.toml`) ?? '');
  const name = manifest === null ? null : textAt(tableAt(manifest, 'project'), 'name');
  if (name === null || !/^[\w.-]+$/.test(name)) return null;
  const own = tree.paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const ofAll = OF_ALL.filter((path) => hasFile(tree, path) && !own.includes(path));
  return {
    member: { folder, name, folders },
    tree: {
      paths: [...own, ...ofAll],
      readText: (path) => tree.readText(ofAll.includes(path) ? path : `${prefix}${path}`),
    },
  };
}
