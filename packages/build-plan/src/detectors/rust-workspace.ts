import type { FileTree } from '../build-plan.ts';
import { treeBelow } from '../chosen-folder.ts';
import { isTable, readToml, tableAt, textAt } from '../toml.ts';

const PLAIN = /^[\w-]+$/;

/** The folders of the packages of a workspace of Cargo; null where it is none. */
export function crateFolders(tree: FileTree): readonly string[] | null {
  const top = readToml(tree.readText('Cargo.toml') ?? '');
  if (top === null || !isTable(top.workspace)) return null;
  return tree.paths
    .filter((path) => path.endsWith('/Cargo.toml') && !path.startsWith('target/'))
    .map((path) => path.slice(0, path.lastIndexOf('/')))
    .filter((folder) => crateName(tree, folder) !== null && !tree.paths.includes(`${folder}/Cargo.lock`))
    .sort();
}

/** What is below a folder that is a package of a workspace; null where it is none, or stands alone. */
export function crateOf(tree: FileTree, folder: string): FileTree | null {
  return crateFolders(tree)?.includes(folder) === true ? treeBelow(tree, folder) : null;
}

function crateName(tree: FileTree, folder: string): string | null {
  const manifest = readToml(tree.readText(`${folder}/Cargo.toml`) ?? '');
  if (manifest === null || isTable(manifest.workspace)) return null;
  const name = textAt(tableAt(manifest, 'package'), 'name');
  return name !== null && PLAIN.test(name) ? name : null;
}
