import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDnsLabel } from './dns-name.ts';
import { platformHostnames } from './hostname.ts';

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

test('the plain name comes first, then one with a hash', () => {
  expect(platformHostnames('web', 'green-hill', 'brainpod.localhost')).toEqual([
    'web-green-hill.brainpod.localhost',
    'web-green-hill-a3a89939.brainpod.localhost',
  ]);
});

test('names that would meet are told apart by the second candidate', () => {
  const [first, second] = platformHostnames('a-b', 'c', 'd');
  const [otherFirst, otherSecond] = platformHostnames('a', 'b-c', 'd');
  expect(first).toBe(otherFirst);
  expect(second).not.toBe(otherSecond);
});

test('every candidate is one label under the domain', () => {
  fc.assert(
    fc.property(name, name, (route, pod) => {
      const candidates = platformHostnames(route, pod, 'x.example');
      expect(candidates.length).toBeGreaterThan(0);
      for (const candidate of candidates) {
        expect(candidate.endsWith('.x.example')).toBe(true);
        expect(isDnsLabel(candidate.slice(0, -'.x.example'.length))).toBe(true);
      }
    }),
  );
});
