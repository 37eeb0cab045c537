import { expect, test } from 'vitest';
import { textFaults } from './text-faults.ts';

test('finds NUL and halves of characters in texts and keys, with their paths', () => {
  const faults = textFaults({ a: ['ok', 'x\u0000'], b: { 'c d': '\ud83e' }, ok: '🦊', 'k\u0000': 1 });
  expect(faults.map(({ path }) => path)).toEqual(['a[1]', 'b["c d"]', '']);
});

test('refuses what is nested too deeply, without going there', () => {
  const depth = 100_000;
  const deep: unknown = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
  const [fault, ...others] = textFaults({ spec: deep });
  expect(fault?.message).toContain('levels deep');
  expect(fault?.path.startsWith('spec[0][0]')).toBe(true);
  expect(others).toEqual([]);
});

test.each([undefined, null, 1, true, '', [], {}, { a: null }])('%j is in order', (value) => {
  expect(textFaults(value)).toEqual([]);
});
