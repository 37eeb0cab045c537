import { expect, it } from 'vitest';
import { styleFor } from './style.ts';
import { clipped, padded, table, wrapped } from './table.ts';

const plain = styleFor({ isTTY: false }, {});
const painted = styleFor({ isTTY: true }, {});

it('counts characters and not colours', () => {
  expect(padded(painted.red('ab'), 4)).toBe(`${painted.red('ab')}  `);
  expect(clipped(painted.red('abcdef'), 4)).toBe(`${painted.red('abc')}…`);
  expect(clipped('äöüß', 4)).toBe('äöüß');
  const rows = [[painted.bold('x'), 'y']];
  expect(table(painted, ['NAME', 'B'], rows, '').split('\n')[1]).toBe(`${painted.bold('x')}     y`);
  expect(table(plain, ['A'], [], 'Nothing.')).toBe('Nothing.');
});

it('breaks between words', () => {
  expect(wrapped('one two three averylongword', { indent: 2, columns: 10 })).toBe(
    '  one two\n  three\n  averylongword',
  );
  expect(wrapped('a b', { indent: 0, columns: Number.POSITIVE_INFINITY })).toBe('a b');
});
