/**
 * A line of a `.gitignore`, as git reads it. Paths and patterns are bytes (each a character up to U+00FF), because git's "?" is one byte.
 * `anchored`: matched against the path below the file's folder; else against the last part only.
 */
export type GitRule = {
  negated: boolean;
  foldersOnly: boolean;
  anchored: boolean;
  /** What the pattern says before its first wildcard. */
  literal: string;
  matches: (bytes: string) => boolean;
};

type Class = readonly [from: number, to: number][];

const SPECIAL = /[*?[\\]/;

const CLASSES: Record<string, Class> = {
  alnum: [span('0', '9'), span('A', 'Z'), span('a', 'z')],
  alpha: [span('A', 'Z'), span('a', 'z')],
  blank: [span(' ', ' '), span('\t', '\t')],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: [span('0', '9')],
  graph: [span('!', '~')],
  lower: [span('a', 'z')],
  print: [span(' ', '~')],
  punct: [span('!', '/'), span(':', '@'), span('[', '`'), span('{', '~')],
  space: [span('\t', '\r'), span(' ', ' ')],
  upper: [span('A', 'Z')],
  xdigit: [span('0', '9'), span('A', 'F'), span('a', 'f')],
};

/** The bytes of a path, a character each. */
export function bytesOf(path: string): string {
  return /^[\0-\x7f]*$/.test(path) ? path : Buffer.from(path).toString('latin1');
}

/** The rules of a `.gitignore`, in their order: the last that matches decides. `bytes`: the file, a character for each byte. */
export function parseGitIgnore(bytes: string): GitRule[] {
  return bytes
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .split('\n')
    .flatMap((line) => ruleOf(line.replace(/\r$/, '')) ?? []);
}

function ruleOf(line: string): GitRule | null {
  if (line.startsWith('#')) return null;
  let pattern = withoutTrailingSpaces(line);
  const negated = pattern.startsWith('!');
  if (negated) pattern = pattern.slice(1);
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  if (pattern === '') return null;
  const anchored = pattern.includes('/');
  if (pattern.startsWith('/')) pattern = pattern.slice(1);
  const wildcard = pattern.search(SPECIAL);
  const literal = wildcard < 0 ? pattern : pattern.slice(0, wildcard);
  if (wildcard < 0) return { negated, foldersOnly, anchored, literal, matches: (bytes) => bytes === pattern };
  const source = regexSource(pattern);
  if (source === null) return null;
  const regex = new RegExp(`^${source}$`, 's');
  return { negated, foldersOnly, anchored, literal, matches: (bytes) => regex.test(bytes) };
}

/** A space at the end counts only after a backslash. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ') {
    const before = /\\*$/.exec(line.slice(0, end - 1))?.[0].length ?? 0;
    if (before % 2 === 1) break;
    end -= 1;
  }
  return line.slice(0, end);
}

/** Null for a pattern that git takes for broken: it matches nothing. */
function regexSource(pattern: string): string | null {
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const character = pattern.charAt(at);
    if (character === '*') {
      const stars = starsAt(pattern, at);
      source += stars.source;
      at = stars.end;
    } else if (character === '[') {
      const bracket = bracketAt(pattern, at);
      if (bracket === null) return null;
      source += bracket.source;
      at = bracket.end;
    } else if (character === '\\') {
      if (at + 1 === pattern.length) return null;
      source += exactly(pattern.charCodeAt(at + 1));
      at += 2;
    } else {
      source += character === '?' ? '[^/]' : exactly(pattern.charCodeAt(at));
      at += 1;
    }
  }
  return source;
}

function starsAt(pattern: string, at: number): { source: string; end: number } {
  let end = at;
  while (pattern[end] === '*') end += 1;
  // Git takes off what is before the first wildcard, and then reads these as if they were at the beginning.
  const first = pattern.search(SPECIAL) === at;
  const whole = (first || pattern[at - 1] === '/') && (end === pattern.length || pattern[end] === '/');
  if (end - at < 2 || !whole) return { source: '[^/]*', end };
  return end === pattern.length ? { source: '.*', end } : { source: '(?:.*/)?', end: end + 1 };
}

/** `[…]`: null where it never ends, or names a class that there is not. */
function bracketAt(pattern: string, start: number): { source: string; end: number } | null {
  const negated = pattern[start + 1] === '!' || pattern[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const spans: [number, number][] = [];
  let previous: number | null = null;
  let at = first;
  while (at === first || pattern[at] !== ']') {
    const named = classAt(pattern, at);
    if (named === 'unknown' || at >= pattern.length) return null;
    if (named !== null) {
      spans.push(...named.spans);
      previous = null;
      at = named.end;
      continue;
    }
    const ranged: boolean = pattern[at] === '-' && previous !== null && pattern[at + 1] !== ']';
    if (ranged) at += 1;
    if (pattern[at] === '\\') at += 1;
    if (at >= pattern.length) return null;
    const code = pattern.charCodeAt(at);
    spans.push([ranged && previous !== null ? previous : code, code]);
    previous = ranged ? null : code;
    at += 1;
  }
  const inside = spans
    .filter(([from, to]) => from <= to)
    .map(([from, to]) => `${exactly(from)}-${exactly(to)}`);
  return { source: `(?!/)[${negated ? '^' : ''}${inside.join('')}]`, end: at + 1 };
}

/** `[:alpha:]` inside of brackets. Null where there is none: then the bracket is a character like others. */
function classAt(pattern: string, at: number): { spans: Class; end: number } | 'unknown' | null {
  if (!pattern.startsWith('[:', at)) return null;
  const close = pattern.indexOf(']', at + 2);
  if (close < 0) return 'unknown';
  if (pattern[close - 1] !== ':' || close - 1 < at + 2) return null;
  const spans = CLASSES[pattern.slice(at + 2, close - 1)];
  return spans === undefined ? 'unknown' : { spans, end: close + 1 };
}

function exactly(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

function span(from: string, to: string): [number, number] {
  return [from.charCodeAt(0), to.charCodeAt(0)];
}
