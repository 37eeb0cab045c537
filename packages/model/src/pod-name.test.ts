import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDnsLabel } from './dns-name.ts';
import { POD_NAME_COUNT, podName } from './pod-name.ts';

test('every number gives a name of two words, and the same number the same name', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (noun, verb) => {
      const name = podName(noun, verb);
      expect(name).toMatch(/^[a-z]{3,12}-[a-z]{3,12}$/);
      expect(podName(noun, verb)).toBe(name);
    }),
  );
});

test('a suffix is a number of up to four digits', () => {
  expect(podName(0, 0, 4711)).toBe(`${podName(0, 0)}-4711`);
  fc.assert(fc.property(fc.nat(), (suffix) => isDnsLabel(podName(1, 2, suffix))));
});

test('there are tens of thousands, and all differ', () => {
  expect(POD_NAME_COUNT).toBeGreaterThan(30_000);
  const names = new Set<string>();
  for (let noun = 0; noun < 2000; noun++)
    for (let verb = 0; verb < 300; verb++) names.add(podName(noun, verb));
  expect(names.size).toBe(POD_NAME_COUNT);
});

test.each([-1, 0.5, Number.NaN, 2 ** 53])('%d is no random number', (value) => {
  expect(() => podName(value, 0)).toThrow(RangeError);
});
