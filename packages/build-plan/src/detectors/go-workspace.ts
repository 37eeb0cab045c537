import type { FileTree } from '../build-plan.ts';
import { treeBelow } from '../chosen-folder.ts';
import type { GoPlace } from './go.ts';

/** The folders of the modules that go.work uses; null where there is none. */
export function moduleFolders(tree: FileTree): readonly string[] | null {
  const text = tree.readText('go.work');
  if (text === null) return null;
  const used = text
    .replaceAll(/\/\/.*$/gm, '')
    .match(/^use[ \t]+(?:\([^)]*\)|\S+)/gm)
    ?.flatMap((use) => use.replace(/^use[ \t]+\(?/, '').match(/[^\s()]+/g) ?? []);
  return [...new Set((used ?? []).map((path) => path.replaceAll(/^"|"$|^\.\/|\/$/g, '')))].filter((folder) =>
    tree.paths.includes(`${folder}/go.mod`),
  );
}

/**
 * Where a folder is that is built in a larger tree: a module that go.work uses, or that is built with folders beside it, or a
 * program of a module that lies above. Null for a module that stands alone.
 */
export function placeOf(tree: FileTree, folder: string): { tree: FileTree; place: GoPlace } | null {
  const module = nearestModule(tree, folder);
  if (module === null) return null;
  const below = module === '' ? tree : treeBelow(tree, module);
  const program = module === folder ? null : `./${folder.slice(module === '' ? 0 : module.length + 1)}`;
  if (program !== null && !hasMain(tree, folder)) return null;
  const isUsed = moduleFolders(tree)?.includes(module) === true;
  const reachesOut = /=>[ \t]+\.\.\//.test(below.readText('go.mod') ?? '');
  if (program === null && !isUsed && !reachesOut) return null;
  return {
    tree: below,
    place: {
      module: module === '' ? null : module,
      program,
      version: isUsed && module !== '' ? tree.readText('go.work') : null,
    },
  };
}

function nearestModule(tree: FileTree, folder: string): string | null {
  const parts = folder.split('/');
  for (let count = parts.length; count > 0; count -= 1) {
    const each = parts.slice(0, count).join('/');
    if (tree.paths.includes(`${each}/go.mod`)) return each;
  }
  return tree.paths.includes('go.mod') ? '' : null;
}

function hasMain(tree: FileTree, folder: string): boolean {
  const files = tree.paths.filter(
    (path) =>
      path.startsWith(`${folder}/`) &&
      /^[\w.-]+\.go$/.test(path.slice(folder.length + 1)) &&
      !path.endsWith('_test.go'),
  );
  return files.some((path) => /^package[ \t]+main\b/m.test(tree.readText(path) ?? ''));
}
