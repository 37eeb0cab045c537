import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COLUMNS, type Proof } from './cells.ts';
import { missingProofs, type TestReport, wallsPage } from './page.ts';

const PAGE = 'docs/reference/walls.md';
const ROOT = join(import.meta.dirname, '../..');

/** Writes the page of walls. */
export async function writeWallsPage(): Promise<void> {
  await writeFile(join(ROOT, PAGE), wallsPage(COLUMNS));
}

/** Holds the page against the walls that are named, and those against the reports of what ran. A line for each fault. */
export async function checkWalls(reportFiles: ReadonlyMap<Proof['kind'], string>): Promise<string[]> {
  const reports = new Map<Proof['kind'], TestReport>();
  for (const [kind, file] of reportFiles) {
    // A parse boundary: Vitest writes the file.
    reports.set(kind, JSON.parse(await readFile(file, 'utf8')) as TestReport);
  }
  const missing = missingProofs(COLUMNS, reports);
  const isUpToDate = (await readFile(join(ROOT, PAGE), 'utf8')) === wallsPage(COLUMNS);
  return isUpToDate ? missing : [...missing, `${PAGE} is not up to date; see node tools/walls-table/main.ts`];
}
