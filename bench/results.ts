import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const RESULTS = path.resolve(import.meta.dirname, '../docs/results');
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Puts a table into a result's file in the place of the former one; what people wrote around it stays. */
export async function writeTable(file: string, table: string): Promise<void> {
  const target = path.join(RESULTS, file);
  const text = existsSync(target) ? await readFile(target, 'utf8') : `${BEGIN}\n${END}\n`;
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for its table: ${BEGIN} … ${END}`);
  await writeFile(target, `${text.slice(0, begin + BEGIN.length)}\n${table.trim()}\n${text.slice(end)}`);
}
