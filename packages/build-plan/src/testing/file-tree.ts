import type { FileTree } from '../build-plan.ts';

export function treeOf(texts: Record<string, string>): FileTree {
  const byPath = new Map(Object.entries(texts));
  return {
    paths: [...byPath.keys()],
    readText: (path) => byPath.get(path) ?? null,
  };
}
