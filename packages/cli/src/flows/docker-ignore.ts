import { posix } from 'node:path';

type Pattern = { negated: boolean; text: string; matches: (path: string) => boolean };

/** What a line of a `.dockerignore` is at fault for. */
export type DockerIgnoreFault = { line: number; message: string };

/**
 * A `.dockerignore`, as BuildKit reads it: patterns begin at the root, a folder that matches takes all below it along, "!" brings back what a line
 * above left out, and the last line that matches decides.
 */
export class DockerIgnore {
  readonly faults: readonly DockerIgnoreFault[];
  readonly #patterns: readonly Pattern[];

  constructor(text: string) {
    const faults: DockerIgnoreFault[] = [];
    this.#patterns = text
      .replace(/^\ufeff/, '')
      .split('\n')
      .flatMap((line, index) => {
        const pattern = patternOf(line);
        if (typeof pattern === 'string') faults.push({ line: index + 1, message: pattern });
        return typeof pattern === 'string' || pattern === null ? [] : [pattern];
      });
    this.faults = faults;
  }

  excludes(path: string): boolean {
    const parts = path.split('/');
    const lineage = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    let excluded = false;
    for (const { negated, matches } of this.#patterns) {
      if (negated === excluded && lineage.some(matches)) excluded = !negated;
    }
    return excluded;
  }

  /** Whether something below this folder, which is left out, may be brought back. */
  mayBringBackBelow(folder: string): boolean {
    return this.#patterns.some(({ negated, text }) => negated && mayBeBelow(text, folder));
  }
}

function mayBeBelow(pattern: string, folder: string): boolean {
  const wildcard = pattern.search(/[*?[\\]/);
  if (wildcard < 0) return pattern.startsWith(`${folder}/`);
  const literal = pattern.slice(0, wildcard);
  return literal.startsWith(`${folder}/`) || `${folder}/`.startsWith(literal);
}

/** A text where the line is at fault; null where it says nothing. */
function patternOf(line: string): Pattern | string | null {
  if (line.startsWith('#')) return null;
  const trimmed = line.trim();
  if (trimmed === '') return null;
  const negated = trimmed.startsWith('!');
  const rest = negated ? trimmed.slice(1).trim() : trimmed;
  if (rest === '') return 'an exclamation mark needs a pattern after it';
  const text = cleaned(rest);
  const source = regexSource(text);
  if (source === null) return `"${rest}" is not a pattern: a bracket or a backslash is without its end`;
  const regex = new RegExp(`^${source}$`, 'su');
  return { negated, text, matches: (path) => regex.test(path) };
}

/** As a path is written shortest, without a "/" at its beginning or end. */
function cleaned(pattern: string): string {
  const normal = posix.normalize(pattern);
  const open = normal.length > 1 ? normal.replace(/\/$/, '') : normal;
  return open.length > 1 && open.startsWith('/') ? open.slice(1) : open;
}

function regexSource(pattern: string): string | null {
  const suffix = /^\*\*([^*?[\]\\]*)$/.exec(pattern)?.[1];
  // "**name" ends with name, wherever; "**/name" is a last part.
  if (suffix !== undefined) {
    return suffix.startsWith('/') ? `(?:.*/)?${literal(suffix.slice(1))}` : `.*${literal(suffix)}`;
  }
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const step = stepAt(pattern, at);
    if (step === null) return null;
    source += step.source;
    at = step.end;
  }
  return source;
}

function stepAt(pattern: string, at: number): { source: string; end: number } | null {
  const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  if (pattern.startsWith('**', at)) {
    const end = pattern[at + 2] === '/' ? at + 3 : at + 2;
    return { source: end >= pattern.length ? '.*' : '(?:.*/)?', end };
  }
  if (character === '*') return { source: '[^/]*', end: at + 1 };
  if (character === '?') return { source: '[^/]', end: at + 1 };
  if (character === '[') return bracketAt(pattern, at);
  if (character === '\\') {
    const escaped = pattern.codePointAt(at + 1);
    if (escaped === undefined) return null;
    const text = String.fromCodePoint(escaped);
    return { source: literal(text), end: at + 1 + text.length };
  }
  return { source: literal(character), end: at + character.length };
}

/** `[a-z]` or `[^a-z]`, where "!" is a character like others. */
function bracketAt(pattern: string, start: number): { source: string; end: number } | null {
  const found = /^\[(\^?)((?:\\.|[^\]\\])+)\]/su.exec(pattern.slice(start));
  if (found === null) return null;
  const [whole, negation = '', inside = ''] = found;
  const source = [...inside.matchAll(/\\(.)|(-)|(.)/gsu)]
    .map(([, escaped, dash, plain]) => dash ?? literal(escaped ?? plain ?? ''))
    .join('');
  return validClass(`[${negation}${source}]`)
    ? { source: `[${negation}${source}]`, end: start + whole.length }
    : null;
}

function validClass(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    // The end of a range comes before its beginning.
    return false;
  }
}

function literal(text: string): string {
  return [...text].map((each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`).join('');
}
