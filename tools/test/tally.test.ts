import { describe, expect, it } from 'vitest';
import { summarize, tallyGo, tallyVitest } from './tally.ts';

describe('tallyVitest', () => {
  it('counts tests, names failures and skips, and counts a file that did not load', () => {
    const file = (name: string, status: string, results: [string, string][]) => ({
      name,
      status,
      message: 'cannot be loaded',
      assertionResults: results.map(([fullName, result]) => ({ fullName, status: result })),
    });
    const tally = tallyVitest('unit', {
      numPassedTests: 1,
      testResults: [
        file('a.test.ts', 'failed', [
          ['works', 'passed'],
          ['breaks', 'failed'],
          ['rests', 'skipped'],
        ]),
        file('b.test.ts', 'failed', []),
      ],
    });
    expect(tally).toEqual({
      kind: 'unit',
      passed: 1,
      failed: ['a.test.ts: breaks', 'b.test.ts: cannot be loaded'],
      skipped: ['a.test.ts: rests'],
    });
  });
});

describe('tallyGo', () => {
  it('counts tests, and a package that does not build', () => {
    const lines = [
      '{"Action":"pass","Package":"p","Test":"TestA"}',
      '{"Action":"fail","Package":"p","Test":"TestB"}',
      '{"Action":"fail","Package":"p"}',
      '{"Action":"skip","Package":"q","Test":"TestC"}',
      '{"Action":"pass","Package":"q"}',
      'FAIL broken [build failed]',
      '{"Action":"fail","Package":"broken"}',
    ];
    expect(tallyGo('go', lines)).toEqual({
      kind: 'go',
      passed: 1,
      failed: ['p: TestB', 'broken: did not build or run'],
      skipped: ['q: TestC'],
    });
  });
});

describe('summarize', () => {
  it('closes with the sum', () => {
    const tallies = [
      { kind: 'unit', passed: 3, failed: [], skipped: [] },
      { kind: 'go', passed: 2, failed: ['x'], skipped: ['y'] },
    ];
    const { text, ok } = summarize(tallies);
    expect(text.split('\n').at(-1)).toBe('5 passed, 1 failed, 1 skipped');
    expect(text).toContain('failed: x');
    expect(ok).toBe(false);
  });

  it('is not content with no tests at all', () => {
    expect(summarize([]).ok).toBe(false);
  });
});
