import { expect, test } from 'vitest';
import { DurationSketch, RELATIVE_ERROR } from './duration-sketch.ts';

/** Numbers that are the same each time. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield (state + 1) / 2 ** 32;
  }
}

/** Durations of many shapes: even, long tailed, of two kinds, nearly all the same. */
const SHAPES: Record<string, (random: () => number) => number> = {
  even: (random) => random() * 300,
  'long tailed': (random) => 5 / random() ** 1.5,
  'of two kinds': (random) => (random() < 0.97 ? 2 + random() : 4000 + random() * 500),
  'nearly all the same': (random) => (random() < 0.999 ? 10 : 11),
  'from microseconds to hours': (random) => 0.001 * 10 ** (random() * 9.5),
};

const PARTS = [0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

function exact(sorted: readonly number[], part: number): number {
  return sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1] ?? Number.NaN;
}

function sketchOf(durations: readonly number[]): DurationSketch {
  const sketch = new DurationSketch();
  for (const duration of durations) sketch.add(duration);
  return sketch;
}

for (const [shape, make] of Object.entries(SHAPES)) {
  for (const size of [1, 2, 100, 20_000]) {
    const source = numbers(size);
    const durations = Array.from({ length: size }, () => make(() => source.next().value));
    const sorted = [...durations].sort((a, b) => a - b);

    test(`${size} durations, ${shape}: quantiles are within the stated error`, () => {
      const sketch = sketchOf(durations);
      for (const part of PARTS) {
        const right = exact(sorted, part);
        const error = Math.abs((sketch.quantile(part) ?? Number.NaN) - right) / right;
        expect(error, `quantile ${part}`).toBeLessThanOrEqual(RELATIVE_ERROR * (1 + 1e-9));
      }
    });

    test(`${size} durations, ${shape}: parts merge into the whole, through bytes as well`, () => {
      const merged = new DurationSketch();
      const parts = [0, 1, 2].map((which) => durations.filter((_, index) => index % 3 === which));
      for (const part of parts) merged.merge(DurationSketch.decode(sketchOf(part).encode()));
      expect(merged.encode()).toEqual(sketchOf(durations).encode());
      expect(merged.total).toBe(size);
    });
  }
}

test('an empty sketch has no quantile', () => {
  expect(new DurationSketch().quantile(0.5)).toBeNull();
  expect(DurationSketch.decode(new Uint8Array()).total).toBe(0);
});

test('large counts come back', () => {
  const sketch = sketchOf(Array.from({ length: 300 }, () => 7));
  for (let doubling = 0; doubling < 20; doubling += 1) sketch.merge(DurationSketch.decode(sketch.encode()));
  expect(DurationSketch.decode(sketch.encode()).total).toBe(300 * 2 ** 20);
});
