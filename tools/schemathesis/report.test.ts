import { expect, it } from 'vitest';
import { readReport, reportText } from './report.ts';

const report = (changes: object = {}) =>
  JSON.stringify({
    complete: true,
    operations: { tested: 2 },
    test_cases: { generated: 99 },
    failures: [],
    ...changes,
  });
const operations = ['GET /v1/pods', 'POST /v1/pods'];

it('passes only a whole run that found nothing', () => {
  expect(readReport({ operations, code: 0, report: report() })).toMatchObject({
    passed: operations,
    failed: [],
    generated: 99,
  });
  const failures = [{ title: 'Server error', operations: ['GET /v1/pods'] }];
  expect(readReport({ operations, code: 1, report: report({ failures }) })).toMatchObject({
    passed: ['POST /v1/pods'],
    failed: ['GET /v1/pods'],
  });
});

it.each([
  ['an error outside', { code: 1, report: report() }],
  ['broken off', { code: 0, report: report({ complete: false }) }],
  ['operations left out', { code: 0, report: report({ operations: { tested: 1 } }) }],
])('fails a run with %s', (_what, run) => {
  expect(readReport({ operations, ...run }).failed).toHaveLength(1);
});

it('throws where nothing is known', () => {
  expect(() => readReport({ operations, code: 0, report: '{}' })).toThrow('not as expected');
});

it('says in Markdown what was found, and how to repeat it', () => {
  const run = {
    at: new Date('2026-01-02'),
    commit: 'abc',
    seconds: 61.4,
    examples: 15,
    seed: '7',
    version: 'v1',
  };
  const good = reportText(readReport({ operations, code: 0, report: report() }), run);
  expect(good).toContain('2026-01-02, commit abc, v1, seed 7');
  expect(good).toContain('| 2 | 15 | 99 | 61 | nothing |');
  const failures = [{ title: 'Server error', operations: ['GET /v1/pods'] }];
  const bad = reportText(readReport({ operations, code: 1, report: report({ failures }) }), run);
  expect(bad).toContain('* Server error: GET /v1/pods');
});
