/** How many tests of one kind passed, and the names of those that did not. */
export type Tally = { kind: string; passed: number; failed: string[]; skipped: string[] };

type VitestReport = {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
};

/** Reads Vitest's JSON report. A file that failed before its first test counts as one failed test. */
export function tallyVitest(kind: string, report: VitestReport): Tally {
  const tally: Tally = { kind, passed: report.numPassedTests, failed: [], skipped: [] };
  for (const file of report.testResults) {
    const named = (status: string) =>
      file.assertionResults
        .filter((result) => result.status === status)
        .map((result) => `${file.name}: ${result.fullName}`);
    const failed = named('failed');
    if (failed.length === 0 && file.status === 'failed') failed.push(`${file.name}: ${file.message}`);
    tally.failed.push(...failed);
    for (const status of ['pending', 'skipped', 'todo', 'disabled']) tally.skipped.push(...named(status));
  }
  return tally;
}

type GoEvent = { Action?: string; Package?: string; Test?: string; Output?: string };

/** Reads the lines of `go test -json`. A package that does not build counts as one failed test. */
export function tallyGo(kind: string, lines: readonly string[]): Tally {
  const tally: Tally = { kind, passed: 0, failed: [], skipped: [] };
  const withFailedTest = new Set<string>();
  const failedPackages: string[] = [];
  for (const line of lines) {
    const event = parseGoEvent(line);
    if (!event?.Package) continue;
    const name = `${event.Package}: ${event.Test}`;
    if (!event.Test) {
      if (event.Action === 'fail') failedPackages.push(event.Package);
    } else if (event.Action === 'pass') tally.passed++;
    else if (event.Action === 'skip') tally.skipped.push(name);
    else if (event.Action === 'fail') {
      tally.failed.push(name);
      withFailedTest.add(event.Package);
    }
  }
  for (const name of failedPackages)
    if (!withFailedTest.has(name)) tally.failed.push(`${name}: did not build or run`);
  return tally;
}

function parseGoEvent(line: string): GoEvent | null {
  if (!line.startsWith('{')) return null;
  const parsed: unknown = JSON.parse(line);
  return typeof parsed === 'object' && parsed !== null ? parsed : null;
}

/** The closing lines of a test run: a line per kind, each failed and skipped test by name, then the sum. */
export function summarize(tallies: readonly Tally[]): { text: string; ok: boolean } {
  const sum = (count: (tally: Tally) => number) => tallies.reduce((total, tally) => total + count(tally), 0);
  const [passed, failed, skipped] = [
    sum((tally) => tally.passed),
    sum((tally) => tally.failed.length),
    sum((tally) => tally.skipped.length),
  ];
  const lines = tallies.map(
    (tally) =>
      `${tally.kind.padEnd(14)} ${String(tally.passed).padStart(5)} passed ${String(tally.failed.length).padStart(4)} failed`,
  );
  for (const tally of tallies) {
    lines.push(
      ...tally.failed.map((name) => `failed: ${name}`),
      ...tally.skipped.map((name) => `skipped: ${name}`),
    );
  }
  lines.push(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return { text: lines.join('\n'), ok: failed === 0 && passed > 0 };
}
