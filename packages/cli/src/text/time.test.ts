import { expect, it } from 'vitest';
import { elapsedSince, localTime, seconds } from './time.ts';

const now = new Date('2026-01-02T00:00:00Z');

it.each([
  ['2026-01-02T00:00:00Z', '0s'],
  ['2026-01-02T00:00:05Z', '0s'],
  ['2026-01-01T23:59:18Z', '42s'],
  ['2026-01-01T23:56:48Z', '3m 12s'],
  ['2026-01-01T18:53:00Z', '5h 7m'],
  ['2025-12-30T19:59:30Z', '2d 4h'],
])('says how long ago %s was: %s', (iso, text) => {
  expect(elapsedSince(iso, now)).toBe(text);
});

it('shows a time to the second, and what is no time as it is', () => {
  expect(localTime(now.toISOString())).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect(localTime('yesterday')).toBe('yesterday');
  expect(seconds(3249)).toBe('3.2s');
});
