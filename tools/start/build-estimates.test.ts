import { expect, test } from 'vitest';
import { expectedSeconds, remainingBuildSeconds } from './build-estimates.ts';

const PARTS = [
  { binary: 'kube', seconds: 500 },
  { binary: 'registry', seconds: 100 },
  { binary: 'coredns', seconds: 50 },
];

test('before anything is built the sum is left', () => {
  expect(remainingBuildSeconds(PARTS, new Map())).toBe(650);
});

test('a machine twice as fast so far is expected to stay nearly so', () => {
  const left = remainingBuildSeconds(PARTS, new Map([['kube', 250]]));
  expect(left).toBeGreaterThan(75);
  expect(left).toBeLessThan(85);
});

test('nothing is left at the end', () => {
  expect(remainingBuildSeconds(PARTS, new Map(PARTS.map(({ binary }) => [binary, 1])))).toBe(0);
});

test('more cores shorten a part, but not without end', () => {
  expect(expectedSeconds('kube', 2)).toBe(489);
  expect(expectedSeconds('kube', 64)).toBeGreaterThan(489 / 4);
  expect(expectedSeconds('kube', 8)).toBeLessThan(489 / 2);
});
