import { stripVTControlCharacters } from 'node:util';
import type { Style } from './style.ts';

const GAP = '  ';

/** Aligned columns under a header. An empty cell shows as "-", an empty table as the given sentence. */
export function table(
  style: Style,
  header: readonly string[],
  rows: readonly string[][],
  ifEmpty: string,
): string {
  if (rows.length === 0) return ifEmpty;
  const cells = rows.map((row) => row.map((cell) => (cell === '' ? style.dim('-') : cell)));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => visibleLength(row[column] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell + ' '.repeat(padding(cell, widths, column))).join(GAP);
  return [line(header.map((title) => style.dim(title))), ...cells.map(line)].join('\n');
}

/** Names and values, one pair a line, the values aligned. */
export function facts(style: Style, pairs: readonly [name: string, value: string][]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => {
      const lines = (value === '' ? style.dim('-') : value).split('\n');
      return `${style.dim(name.padEnd(width))}${GAP}${lines.join(`\n${' '.repeat(width)}${GAP}`)}`;
    })
    .join('\n');
}

function padding(cell: string, widths: readonly number[], column: number): number {
  return column === widths.length - 1 ? 0 : (widths[column] ?? 0) - visibleLength(cell);
}

/** Filled up with spaces to a width, colours not counted. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}

/** Cut to a width, colours not counted, with a sign that something is missing. */
export function clipped(text: string, width: number): string {
  if (visibleLength(text) <= width) return text;
  let left = Math.max(0, width - 1);
  const kept = text.split(COLOUR).map((piece, index) => {
    // Between two pieces of text stands the colour that divides them.
    if (index % 2 === 1) return piece;
    const shown = [...piece].slice(0, left);
    left -= shown.length;
    return shown.join('');
  });
  return `${kept.join('')}…`;
}

/** Broken between words to lines of a width, each indented. A word that is longer stays whole. */
export function wrapped(text: string, shape: { indent: number; columns: number }): string {
  const indent = ' '.repeat(shape.indent);
  const width = shape.columns - shape.indent;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => indent + line).join('\n');
}

const COLOUR = new RegExp(`(${String.fromCharCode(27)}\\[\\d+m)`);

export function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
