import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** No source: what a package manager writes. */
const NOT_SOURCE = /(^|\/)([\w.-]*lock[\w.-]*|go\.sum|package\.json)$/;

/** Says something else wherever the source of a folder says `greeting`; throws where it does so nowhere. */
export function changeGreeting(folder: string, greeting: RegExp, other: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const changed = files.filter((file) => {
    if (NOT_SOURCE.test(file)) return false;
    const text = readFileSync(file, 'utf8');
    const changedText = text.replaceAll(greeting, other);
    if (changedText === text) return false;
    writeFileSync(file, changedText);
    return true;
  });
  if (changed.length === 0) throw new Error(`Its source says ${greeting} nowhere.`);
}
