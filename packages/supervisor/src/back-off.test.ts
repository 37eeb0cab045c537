import { expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';

test('pauses double from a quarter of a second and stay at fifteen seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 1000].map(backOffMs)).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000,
  ]);
});
