import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backOffMs, pause } from './back-off.ts';

test('stays between half and all of the doubled time, and under the most', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const full = Math.min(5_000, 100 * 2 ** Math.min(attempt, 30));
      const actual = backOffMs(attempt, { baseMs: 100, maxMs: 5_000 }, () => random);
      return actual >= Math.floor(full / 2) && actual <= full;
    }),
  );
});

test('a pause ends at once when it is called off', async () => {
  const controller = new AbortController();
  const startedAtMs = performance.now();
  const pausing = pause(60_000, controller.signal);
  controller.abort();
  await pausing;
  await pause(60_000, controller.signal);
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
});
