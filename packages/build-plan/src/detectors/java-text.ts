import type { FileTree } from '../build-plan.ts';

/** A file without its comments, as far as it matters for looking for words in it. */
export function codeOf(path: string, text: string): string {
  if (path.endsWith('.xml')) return withoutBlocks(text, '<!--', '-->');
  if (/\.(kts|gradle|java|kt)$/.test(path))
    return withoutBlocks(text, '/*', '*/').replace(/^[ \t]*\/\/.*$/gm, '');
  return text;
}

function withoutBlocks(text: string, open: string, close: string): string {
  const [first = '', ...others] = text.split(open);
  return first + others.map((part) => part.slice(endOf(part, close))).join('');
}

function endOf(part: string, close: string): number {
  const at = part.indexOf(close);
  return at < 0 ? part.length : at + close.length;
}

export function readCode(tree: FileTree, path: string): string {
  return codeOf(path, tree.readText(path) ?? '');
}

/** The classes with a main of their own, by their full names, sorted. */
export function mainClasses(tree: FileTree): string[] {
  const classes = tree.paths.flatMap((path) => {
    const found = /^src\/main\/(?:java|kotlin)\/(?:[\w-]+\/)*(\w+)\.(java|kt)$/.exec(path);
    if (found === null) return [];
    const [, file = '', language] = found;
    const code = readCode(tree, path);
    const hasMain =
      language === 'kt'
        ? /^(?:suspend\s+)?fun\s+main\s*\(/m.test(code)
        : /\bpublic\s+static\s+void\s+main\s*\(/.test(code);
    if (!hasMain) return [];
    const folder = /^[ \t]*package\s+([\w.]+)/m.exec(code)?.[1];
    const name = language === 'kt' ? `${file.charAt(0).toUpperCase()}${file.slice(1)}Kt` : file;
    return [folder === undefined ? name : `${folder}.${name}`];
  });
  return [...new Set(classes)].sort();
}
