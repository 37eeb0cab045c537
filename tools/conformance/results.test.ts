import { describe, expect, it } from 'vitest';
import { CORE_FEATURES, EXTENDED_FEATURES, KNOWN_FAILURES, UNTESTED } from './features.ts';
import { judge, page, readSuiteReport, readTests, type TestResult } from './results.ts';

const OUTPUT = `=== RUN   TestConformance/HTTPRouteWeight
    conformance.go:77: 2026-11-23T00:08:28.1Z: Running HTTPRouteWeight, relying on the following features: Gateway-standard, HTTPRoute-standard
    conformance.go:77: 2026-11-23T00:08:28.2Z: Running HTTPRouteRetry, relying on the following features: HTTPRoute-standard, HTTPRouteRetry-experimental
    conformance.go:56: Skipping GRPCRouteWeight: suite does not support GRPCRoute
--- FAIL: TestConformance (1.00s)
    --- PASS: TestConformance/HTTPRouteWeight (0.50s)
        --- FAIL: TestConformance/HTTPRouteWeight/a_subtest_is_not_counted (0.10s)
    --- FAIL: TestConformance/HTTPRouteRetry (0.50s)
    --- SKIP: TestConformance/GRPCRouteWeight (0.00s)
FAIL
`;

const REPORT = `kind: ConformanceReport
profiles:
- core: {result: success, statistics: {Failed: 0, Passed: 37, Skipped: 0}}
  extended: {result: failure, failedTests: [HTTPRouteRetry], statistics: {Failed: 1, Passed: 33, Skipped: 0}}
  name: GATEWAY-HTTP
`;

const result = (name: string, outcome: TestResult['outcome'], missing: string | null = null): TestResult => ({
  name,
  outcome,
  features: ['HTTPRoute'],
  missing,
});

describe('the results of the conformance suite', () => {
  it('are each test with what it relies on, or is skipped for', () => {
    expect(readTests(OUTPUT)).toEqual([
      { name: 'GRPCRouteWeight', outcome: 'skipped', features: [], missing: 'GRPCRoute' },
      {
        name: 'HTTPRouteRetry',
        outcome: 'failed',
        features: ['HTTPRoute', 'HTTPRouteRetry'],
        missing: null,
      },
      { name: 'HTTPRouteWeight', outcome: 'passed', features: ['Gateway', 'HTTPRoute'], missing: null },
    ]);
  });

  it('are counted as the suite counts them', () => {
    expect(readSuiteReport(REPORT)).toEqual({
      core: { passed: 37, failed: 0, skipped: 0 },
      extended: { passed: 33, failed: 1, skipped: 0 },
    });
    expect(() => readSuiteReport('kind: ConformanceReport')).toThrow('GATEWAY-HTTP');
  });

  it.each([
    ['all as it must be', [], 37, 0, []],
    ['a known failure', [result('HTTPRouteRetry', 'failed')], 37, 0, []],
    ['another failure', [result('HTTPRouteCORS', 'failed')], 37, 0, ['HTTPRouteCORS failed']],
    ['a core failure', [], 36, 1, ['1 core tests failed']],
    ['no test at all', [], 0, 0, ['no core test passed']],
    [
      'a known failure that passes',
      [result('HTTPRouteRetry', 'passed')],
      37,
      0,
      ['HTTPRouteRetry passes now: take it out of KNOWN_FAILURES'],
    ],
    [
      'a skip without a reason',
      [result('NewTest', 'skipped', 'NewFeature')],
      37,
      0,
      ['NewTest was skipped for want of NewFeature; no reason is given'],
    ],
    ['a skip with a reason', [result('GRPCRouteWeight', 'skipped', 'GRPCRoute')], 37, 0, []],
  ])('are judged: %s', (_, tests, passed, failed, faults) => {
    const none = { passed: 0, failed: 0, skipped: 0 };
    expect(judge(tests, { core: { passed, failed, skipped: 0 }, extended: none })).toEqual({
      ok: faults.length === 0,
      faults,
    });
  });

  it('are a page that names each failure and skip with its reason', () => {
    const text = page(readTests(OUTPUT), readSuiteReport(REPORT), {
      at: new Date('2026-11-23T01:00:00Z'),
      commit: 'abc1234',
      versions: { suite: 'v1.6.1' },
      seconds: 61.4,
    });
    expect(text).toContain('2026-11-23, commit abc1234, in 61 s');
    expect(text).toContain('| core | 37 | 0 | 0 |');
    expect(text).toContain('| HTTPRoute (core) | 1 | 1 | 0 |');
    expect(text).toContain('| HTTPRouteRetry | 1 | 0 | 1 |');
    expect(text).toContain(`- HTTPRouteRetry: ${KNOWN_FAILURES.HTTPRouteRetry}`);
    expect(text).toMatch(/\| GRPCRoute \| 1 \| its kind is not installed/);
  });

  it('claim each feature once', () => {
    const all = [...CORE_FEATURES, ...EXTENDED_FEATURES, ...Object.keys(UNTESTED)];
    expect(new Set(all).size).toBe(all.length);
  });
});
