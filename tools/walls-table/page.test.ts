import { describe, expect, it } from 'vitest';
import { type Column, ROWS } from './cells.ts';
import { checkWalls } from './check.ts';
import { missingProofs, wallsPage } from './page.ts';

const [first, second] = ROWS;
const nothing = { why: 'there is nothing' };
const column: Column = {
  group: 'of the node',
  what: 'files',
  cells: {
    ...{ [ROWS[2]]: nothing, [ROWS[3]]: nothing, [second]: nothing },
    [first]: { proofs: [{ kind: 'e2e', test: 'an instance does not read' }] },
  } as Column['cells'],
};

const report = (status: string) => ({
  testResults: [{ assertionResults: [{ fullName: 'an instance does not read', status }] }],
});

describe('the table of walls', () => {
  it('names the test of each, or why there is nothing to try', () => {
    const text = wallsPage([column]);
    expect(text).toContain('| files | holds (1) | – | – | – |');
    expect(text).toContain(`* ${first}:\n  * an instance does not read (e2e)\n* ${second}: there is nothing`);
  });

  it('misses a test that is not there or failed, and a cell without any', () => {
    expect(missingProofs([column], new Map([['e2e', report('passed')]]))).toEqual([]);
    const fault = `files of the node, from ${first}: no e2e test "an instance does not read"`;
    expect(missingProofs([column], new Map([['e2e', report('failed')]]))).toEqual([fault]);
    const empty = { ...column, cells: { ...column.cells, [first]: { proofs: [] } } };
    expect(missingProofs([empty], new Map())).toEqual([`files of the node, from ${first}: names no test`]);
  });

  it('asks nothing of a kind of tests that did not run', () => {
    expect(missingProofs([column], new Map())).toEqual([]);
  });

  it('is up to date, and no cell is empty', async () => {
    expect(await checkWalls(new Map())).toEqual([]);
  });
});
