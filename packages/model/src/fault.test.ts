import { expect, test } from 'vitest';
import { joinPath, pathOfPointer, underPath } from './fault.ts';

test('a pointer becomes a path that tells indexes from keys', () => {
  const root = { spec: { env: [{ name: 'A' }], files: { 'a/b~c': 1, '0': 2 } } };
  expect(pathOfPointer('', root)).toBe('');
  expect(pathOfPointer('/spec/env/0/name', root)).toBe('spec.env[0].name');
  expect(pathOfPointer('/spec/files/a~1b~0c', root)).toBe('spec.files["a/b~c"]');
  expect(pathOfPointer('/spec/files/0', root)).toBe('spec.files["0"]');
  expect(pathOfPointer('/spec/missing/x', root)).toBe('spec.missing.x');
});

test('paths grow by keys and indexes', () => {
  expect(joinPath('', 'spec')).toBe('spec');
  expect(joinPath('spec', 'env')).toBe('spec.env');
  expect(joinPath('spec.env', 2)).toBe('spec.env[2]');
  expect(joinPath('files', 'x y')).toBe('files["x y"]');
});

test('faults move under a place', () => {
  const faults = ['', 'spec.image', '[0].x'].map((path) => ({ path, message: 'm' }));
  expect(underPath('0', faults).map(({ path }) => path)).toEqual(['0', '0.spec.image', '0[0].x']);
});
