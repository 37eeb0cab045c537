import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATIONS } from '@brainpod/api/operations';
import { operationsPage, provenCases, type TestReport } from './page.ts';

const PAGE = 'docs/reference/operations.md';
const ROOT = join(import.meta.dirname, '../..');

/**
 * Holds the report of a run of the integration tests against the operations there are, and the committed page against
 * both. Returns what is wrong, a line each; with `write` the page is brought up to date instead.
 */
export async function checkOperationTable(
  reportFile: string,
  { write }: { write: boolean },
): Promise<string[]> {
  // A parse boundary: Vitest writes the file.
  const report = JSON.parse(await readFile(reportFile, 'utf8')) as TestReport;
  const { text, missing } = operationsPage(OPERATIONS, provenCases(report));
  const path = join(ROOT, PAGE);
  if (write) {
    await writeFile(path, text);
    return missing;
  }
  const isUpToDate = (await readFile(path, 'utf8')) === text;
  const command = 'node tools/operation-table/main.ts REPORT --write';
  return isUpToDate ? missing : [...missing, `${PAGE} is not up to date; see ${command}`];
}
