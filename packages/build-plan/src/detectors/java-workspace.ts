import { type FileTree, hasFile } from '../build-plan.ts';
import { treeBelow } from '../chosen-folder.ts';
import { codeOf } from './java-text.ts';
import { MAVEN_FILE } from './java-tools.ts';

const SETTINGS = ['settings.gradle.kts', 'settings.gradle'];

/** The folders of the modules that pom.xml names, and those that they name; null where it names none. */
export function mavenFolders(tree: FileTree): string[] | null {
  const folders: string[] = [];
  const look = (folder: string): void => {
    const below = folder === '' ? tree : treeBelow(tree, folder);
    const pom = codeOf(MAVEN_FILE, below.readText(MAVEN_FILE) ?? '');
    for (const [, name = ''] of pom.matchAll(/<module>\s*([\w.@/-]+?)\/?\s*<\/module>/g)) {
      const module = folder === '' ? name : `${folder}/${name}`;
      if (folders.includes(module) || !hasFile(tree, `${module}/${MAVEN_FILE}`)) continue;
      folders.push(module);
      look(module);
    }
  };
  look('');
  return folders.length === 0 ? null : folders.sort();
}

/** The folders of the projects that settings.gradle includes; null where it includes none. */
export function gradleFolders(tree: FileTree): string[] | null {
  const file = SETTINGS.find((path) => hasFile(tree, path));
  if (file === undefined) return null;
  const settings = codeOf(file, tree.readText(file) ?? '');
  const lists = [...settings.matchAll(/\binclude\b\s*\(?((?:\s*["'][\w:.-]+["']\s*,?)+)/g)];
  const folders = lists
    .flatMap(([, list = '']) => [...list.matchAll(/["']:?([\w:.-]+)["']/g)])
    .map(([, name = '']) => name.replaceAll(':', '/'))
    .filter((folder) => tree.paths.some((path) => path.startsWith(`${folder}/build.gradle`)));
  return folders.length === 0 ? null : [...new Set(folders)].sort();
}
