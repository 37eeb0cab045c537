import { OPERATIONS } from '@brainpod/api/operations';
import { requiredCases } from '@brainpod/api/testing/required-cases';
import { requiredStatuses } from '@brainpod/api/testing/required-statuses';
import { describe, expect, it } from 'vitest';
import { operationsPage, provenCases, type TestReport } from './page.ts';

const operations = OPERATIONS.filter(({ id }) => id === 'deployPod' || id === 'getOpenApiDocument');

function report(leaveOut: (title: string) => boolean = () => false): TestReport {
  const results = operations.flatMap((operation) => {
    const statuses = requiredStatuses(operation).map((status) => `${status}: anything | *else*`);
    const titles = [
      ...requiredCases(operation).map(({ status, title }) => `${status}: ${title}`),
      ...statuses,
    ];
    return titles
      .filter((title) => !leaveOut(title))
      .map((title) => ({ ancestorTitles: [operation.id], title, status: 'passed' }));
  });
  return { testResults: [{ assertionResults: results }] };
}

describe('the table of operations', () => {
  it('names the tests of each status, and has no cell without one', () => {
    const { text, missing } = operationsPage(operations, provenCases(report()));
    expect(missing).toEqual([]);
    expect(text).toContain('## deployPod\n\n`POST /v1/pods/{pod}/deploy`');
    expect(text).toMatch(/^\| 504 \| anything \\\| \\\*else\\\*<br>when it takes too long \|$/m);
    expect(text).toMatch(/^\| deployPod \| 401 \| 401 .*\| 403 .*\| 404 /m);
    expect(text).toMatch(/^\| getOpenApiDocument \|[ |]+$/m);
  });

  it('is the same in whatever order the tests ran', () => {
    const turned = report();
    for (const file of turned.testResults) file.assertionResults.reverse();
    const page = (from: TestReport) => operationsPage(operations, provenCases(from)).text;
    expect(page(turned)).toBe(page(report()));
  });

  it('misses a status without a test, a case without its test, and a test that failed', () => {
    const without = operationsPage(operations, provenCases(report((title) => title.startsWith('412'))));
    expect(without.missing).toEqual(['deployPod: nothing proves 412']);
    const unlocked = provenCases(report((title) => title === '401: with an expired key'));
    expect(operationsPage(operations, unlocked).missing).toEqual([
      'deployPod: no test "401: with an expired key"',
    ]);
    const failed = report();
    for (const result of failed.testResults[0]?.assertionResults ?? []) result.status = 'failed';
    expect(operationsPage(operations, provenCases(failed)).missing.length).toBeGreaterThan(20);
  });
});
