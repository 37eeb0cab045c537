import type { FileTree } from '../build-plan.ts';

export function treeOf(texts: Record<string, string>): FileTree {
  const byPath = new Map(Object.entries(texts));
  return {
    files: [...byPath].map(([path, text]) => ({ path, sizeBytes: text.length })),
    readText: (path) => byPath.get(path) ?? null,
  };
}
