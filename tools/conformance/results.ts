import { parse } from 'yaml';
import { CORE_FEATURES, KNOWN_FAILURES, REASONS_OF_SKIPS, UNTESTED } from './features.ts';

/** One test of the suite. `features` are those it relies on; `missing` is the one for whose sake it was skipped. */
export type TestResult = {
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  features: string[];
  missing: string | null;
};

type Counts = { passed: number; failed: number; skipped: number };

/** What the suite itself counts, tests that it calls provisional left out. */
export type SuiteReport = { core: Counts; extended: Counts };

export type Verdict = { ok: boolean; faults: string[] };

export type Circumstances = { at: Date; commit: string; versions: Record<string, string>; seconds: number };

const OUTCOMES: Record<string, TestResult['outcome']> = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' };

/** Reads the suite's output (`-test.v`). */
export function readTests(output: string): TestResult[] {
  const features = new Map<string, string[]>();
  for (const [, name = '', list = ''] of output.matchAll(
    /Running (\w+), relying on the following features: (.+)/g,
  ))
    features.set(
      name,
      list.split(', ').map((feature) => feature.trim().replace(/-(standard|experimental)$/, '')),
    );
  const missing = new Map<string, string>();
  for (const [, name = '', feature = ''] of output.matchAll(/Skipping (\w+): suite does not support (\w+)/g))
    missing.set(name, feature);
  return [...output.matchAll(/^ {4}--- (PASS|FAIL|SKIP): TestConformance\/(\w+) /gm)]
    .map(([, outcome = '', name = '']) => ({
      name,
      outcome: OUTCOMES[outcome] ?? 'failed',
      features: features.get(name) ?? [],
      missing: missing.get(name) ?? null,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Reads the suite's own report. */
export function readSuiteReport(text: string): SuiteReport {
  type Part = { statistics?: { Passed?: number; Failed?: number; Skipped?: number } };
  // A parse boundary: this is what the suite writes.
  const report = parse(text) as { profiles?: { name: string; core?: Part; extended?: Part }[] };
  const profile = report.profiles?.find(({ name }) => name === 'GATEWAY-HTTP');
  if (profile === undefined) throw new Error('the suite reports nothing of the profile GATEWAY-HTTP');
  const counts = (part?: Part): Counts => ({
    passed: part?.statistics?.Passed ?? 0,
    failed: part?.statistics?.Failed ?? 0,
    skipped: part?.statistics?.Skipped ?? 0,
  });
  return { core: counts(profile.core), extended: counts(profile.extended) };
}

/** Whether all is as it must be: core without failures, and no failure but those that are known. */
export function judge(tests: readonly TestResult[], report: SuiteReport): Verdict {
  const faults: string[] = [];
  if (report.core.passed === 0) faults.push('no core test passed');
  if (report.core.failed > 0) faults.push(`${report.core.failed} core tests failed`);
  if (report.core.skipped > 0) faults.push(`${report.core.skipped} core tests were skipped`);
  for (const { name, outcome, missing } of tests) {
    const known = Object.hasOwn(KNOWN_FAILURES, name);
    if (outcome === 'failed' && !known) faults.push(`${name} failed`);
    if (outcome === 'passed' && known) faults.push(`${name} passes now: take it out of KNOWN_FAILURES`);
    if (outcome === 'skipped' && !Object.hasOwn(REASONS_OF_SKIPS, missing ?? ''))
      faults.push(
        `${name} was skipped for want of ${missing ?? 'nothing that is known'}; no reason is given`,
      );
  }
  return { ok: faults.length === 0, faults };
}

/** The page docs/results/gateway-conformance.md. */
export function page(
  tests: readonly TestResult[],
  report: SuiteReport,
  { at, commit, versions, seconds }: Circumstances,
): string {
  const row = (name: string, { passed, failed, skipped }: Counts) =>
    `| ${name} | ${passed} | ${failed} | ${skipped} |`;
  const failures = tests.filter(({ outcome }) => outcome === 'failed');
  return `${[
    '# Conformance of the embedded edge with the Gateway API',
    '',
    `${at.toISOString().slice(0, 10)}, commit ${commit}, in ${Math.round(seconds)} s, by \`npm run verify gateway-conformance\`: profile GATEWAY-HTTP of the suite, against a`,
    'bare engine with `"gateways": "separate"` (ADR 16). The suite’s own report: [gateway-conformance.yaml](gateway-conformance.yaml).',
    '',
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    ...['| by the suite’s count | passed | failed | skipped |', '| --- | ---: | ---: | ---: |'],
    row('core', report.core),
    row('extended', report.extended),
    '',
    'The suite does not count its provisional tests; the tables below have them. A test counts for each extended feature that it',
    'relies on, and for core features only where it relies on nothing else.',
    '',
    ...['## Features', '', '| feature | tests run | passed | failed |', '| --- | ---: | ---: | ---: |'],
    ...featureRows(tests),
    '',
    'Envoy Gateway’s own report has more features, of which the suite has no test, and which are not claimed here:',
    '',
    ...Object.entries(UNTESTED).map(([feature, why]) => `- ${feature}: ${why}.`),
    '',
    ...['## Failed', ''],
    ...(failures.length === 0
      ? ['None.']
      : failures.map(({ name }) => `- ${name}: ${KNOWN_FAILURES[name] ?? 'not explained yet.'}`)),
    '',
    ...['## Skipped', '', '| needs | tests | why not |', '| --- | ---: | --- |'],
    ...skipRows(tests),
  ].join('\n')}\n`;
}

/** A test of an extended feature relies on core features too, and says nothing of those: it is not counted for them. */
function featureRows(tests: readonly TestResult[]): string[] {
  const isCore = (feature: string) => CORE_FEATURES.includes(feature);
  const run = tests
    .filter(({ outcome }) => outcome !== 'skipped')
    .flatMap(({ outcome, features }) => {
      const extended = features.filter((feature) => !isCore(feature));
      return (extended.length > 0 ? extended : features).map((feature) => ({ feature, outcome }));
    });
  const names = [...new Set(run.map(({ feature }) => feature))].sort(
    (a, b) => Number(isCore(b)) - Number(isCore(a)) || a.localeCompare(b),
  );
  return names.map((name) => {
    const of = run.filter(({ feature }) => feature === name);
    const passed = of.filter(({ outcome }) => outcome === 'passed').length;
    return `| ${name}${isCore(name) ? ' (core)' : ''} | ${of.length} | ${passed} | ${of.length - passed} |`;
  });
}

function skipRows(tests: readonly TestResult[]): string[] {
  const skipped = Map.groupBy(
    tests.filter(({ outcome }) => outcome === 'skipped'),
    ({ missing }) => missing ?? 'unknown',
  );
  return [...skipped]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([missing, of]) => `| ${missing} | ${of.length} | ${REASONS_OF_SKIPS[missing] ?? 'unknown'} |`);
}
