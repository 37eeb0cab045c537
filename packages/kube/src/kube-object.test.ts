import { expect, test } from 'vitest';
import { compareResourceVersions, objectKey, parseKubeObject } from './kube-object.ts';

test('resource versions are compared as numbers of any length', () => {
  expect(compareResourceVersions('9', '10')).toBeLessThan(0);
  expect(compareResourceVersions('123456789012345678901', '123456789012345678900')).toBeGreaterThan(0);
  expect(compareResourceVersions('7', '7')).toBe(0);
});

test('a key tells kinds, namespaces and names apart', () => {
  const ref = (kind: string, namespace: string | undefined, name: string): string =>
    objectKey({
      apiVersion: 'v1',
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    });
  const keys = [
    ref('A', 'n', 'x'),
    ref('B', 'n', 'x'),
    ref('A', 'm', 'x'),
    ref('A', undefined, 'x'),
    ref('A', 'n', 'y'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test('items of a list get the kind of the list', () => {
  const object = parseKubeObject({ metadata: { name: 'a' }, spec: 1 }, { apiVersion: 'v1', kind: 'Secret' });
  expect(object).toEqual({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, spec: 1 });
  expect(() => parseKubeObject({ metadata: {} })).toThrow(TypeError);
  expect(() => parseKubeObject({ metadata: { name: 'a' } })).toThrow(TypeError);
});
