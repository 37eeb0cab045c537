import { expect, test } from 'vitest';
import { compareInstants, parseOutputLine } from './output-line.ts';

const BEFORE = '2026-01-01T00:00:00.000Z';

test.each([
  ['2026-03-01T10:00:00.123456789Z hello', '2026-03-01T10:00:00.123456789Z', 'hello'],
  ['2026-03-01T12:00:00.5+02:00 hello  you ', '2026-03-01T10:00:00.500Z', 'hello  you '],
  ['2026-03-01T10:00:00Z ', '2026-03-01T10:00:00.000Z', ''],
  ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000Z', ''],
  ['the rest of a long line', BEFORE, 'the rest of a long line'],
  ['', BEFORE, ''],
])('reads %j', (line, at, text) => {
  expect(parseOutputLine(line, BEFORE)).toEqual({ at, text });
});

test('compares by all digits, and across zones', () => {
  const inOrder = [
    '2026-03-01T10:00:00Z',
    '2026-03-01T10:00:00.000000001Z',
    '2026-03-01T10:00:00.1Z',
    '2026-03-01T12:00:00.10000001+02:00',
    '2026-03-01T10:00:01Z',
  ];
  for (const [index, instant] of inOrder.entries()) {
    for (const [other, against] of inOrder.entries()) {
      expect(Math.sign(compareInstants(instant, against))).toBe(Math.sign(index - other));
    }
  }
  expect(compareInstants('2026-03-01T10:00:00.5Z', '2026-03-01T10:00:00.500Z')).toBe(0);
});
