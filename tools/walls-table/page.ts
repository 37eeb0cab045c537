import { type Cell, type Column, OPEN, type Proof, ROWS } from './cells.ts';

/** What is read of Vitest's JSON report. */
export type TestReport = { testResults: { assertionResults: { fullName: string; status: string }[] }[] };

/** The page of every wall with its tests. */
export function wallsPage(columns: readonly Column[]): string {
  const groups = [...new Set(columns.map(({ group }) => group))];
  const blocks = [
    '# Walls between tenants, and the test of each',
    'Made by `tools/walls-table/main.ts` of `tools/walls-table/cells.ts`. `npm test` fails when a test that is named here did not run and pass, and when the page is not up to date. A dash means that there is nothing to try; why is said below the table. Builds get a row of their own when they run on the cluster.',
    ...groups.flatMap((group) => {
      const own = columns.filter((column) => column.group === group);
      return [`## What is ${group}`, overview(own), ...own.map(details)];
    }),
    '## What is open',
    OPEN.map((text) => `* ${text}`).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** Each test that a wall rests on, of the kinds that ran, and that did not pass. */
export function missingProofs(
  columns: readonly Column[],
  reports: ReadonlyMap<Proof['kind'], TestReport>,
): string[] {
  const missing: string[] = [];
  for (const { group, what, cells } of columns)
    for (const row of ROWS) {
      const place = `${what} ${group}, from ${row}`;
      const proofs = proofsOf(cells[row]);
      if ('proofs' in cells[row] && proofs.length === 0) missing.push(`${place}: names no test`);
      for (const { kind, test } of proofs) {
        const report = reports.get(kind);
        if (report !== undefined && !passed(report).has(test))
          missing.push(`${place}: no ${kind} test "${test}"`);
      }
    }
  return missing;
}

const namesOf = new WeakMap<TestReport, ReadonlySet<string>>();

function passed(report: TestReport): ReadonlySet<string> {
  const known = namesOf.get(report);
  if (known !== undefined) return known;
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const names = new Set(results.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName));
  namesOf.set(report, names);
  return names;
}

function proofsOf(cell: Cell): readonly Proof[] {
  return 'proofs' in cell ? cell.proofs : [];
}

function overview(columns: readonly Column[]): string {
  const head = ['', ...ROWS];
  const rows = columns.map(({ what, cells }) => [
    what,
    ...ROWS.map((row) => {
      const count = proofsOf(cells[row]).length;
      return count === 0 ? '–' : `holds (${count})`;
    }),
  ]);
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function details({ what, cells }: Column): string {
  const lines = ROWS.flatMap((row) => {
    const cell = cells[row];
    if ('why' in cell) return [`* ${row}: ${cell.why}`];
    return [`* ${row}:`, ...cell.proofs.map(({ kind, test }) => `  * ${test} (${kind})`)];
  });
  return [`### ${what}`, '', ...lines].join('\n');
}
