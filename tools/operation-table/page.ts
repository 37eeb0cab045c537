import type { Operation } from '@brainpod/api/operation';
import { accessCases, type Case, missingCases } from '@brainpod/api/testing/required-cases';

/** What is read of Vitest's JSON report. */
export type TestReport = {
  testResults: {
    assertionResults: { ancestorTitles: string[]; title: string; status: string }[];
  }[];
};

const TITLE = /^(\d{3}): (.+)$/s;

/** The tests that passed, by the id of the operation they are about. */
export function provenCases(report: TestReport): ReadonlyMap<string, Case[]> {
  const proven = new Map<string, Case[]>();
  for (const result of report.testResults.flatMap(({ assertionResults }) => assertionResults)) {
    const [, status, title] = TITLE.exec(result.title) ?? [];
    const [operationId] = result.ancestorTitles.filter((ancestor) => ancestor !== '');
    if (status === undefined || title === undefined || operationId === undefined) continue;
    if (result.status !== 'passed') continue;
    const cases = proven.get(operationId) ?? [];
    proven.set(operationId, [...cases, { status: Number(status), title }]);
  }
  return proven;
}

/** The page of every operation with its tests, and what is missing: a line for each test that is not there. */
export function operationsPage(
  operations: readonly Operation[],
  proven: ReadonlyMap<string, Case[]>,
): { text: string; missing: string[] } {
  const casesOf = ({ id }: Operation) => proven.get(id) ?? [];
  const blocks = [
    '# Every operation, what it may answer, and the test of each answer',
    'Made by `tools/operation-table/main.ts` from a run of the integration tests, which fail when it is not up to date. A status without a test fails too; there are no exceptions.',
    '## Keys',
    'What each operation answers to each kind of key, and for pods that a key must not know of.',
    keyTable(operations),
    ...operations.flatMap((operation) => [
      `## ${operation.id}`,
      `\`${operation.method} ${operation.path}\``,
      statusTable(casesOf(operation)),
    ]),
  ];
  return {
    text: `${blocks.join('\n\n')}\n`,
    missing: operations.flatMap((operation) => missingCases(operation, casesOf(operation))),
  };
}

function keyTable(operations: readonly Operation[]): string {
  const kind = (title: string) => title.replace(/(everything but|is denied) .*/, '$1 what is needed');
  const kinds = [...new Set(operations.flatMap(accessCases).map(({ title }) => kind(title)))];
  const rows = operations.map((operation) => {
    const cases = accessCases(operation);
    const cells = kinds.map((name) => cases.find(({ title }) => kind(title) === name)?.status ?? '');
    return [operation.id, ...cells];
  });
  return table(['operation', ...kinds], rows);
}

function statusTable(cases: readonly Case[]): string {
  const statuses = [...new Set(cases.map(({ status }) => status))].sort((a, b) => a - b);
  const rows = statuses.map((status) => [
    status,
    cases
      .filter((found) => found.status === status)
      .map(({ title }) => escaped(title))
      .sort()
      .join('<br>'),
  ]);
  return table(['status', 'tests'], rows);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function escaped(text: string): string {
  return text.replaceAll(/[|*_<>`]/g, '\\$&').replaceAll('\n', ' ');
}
