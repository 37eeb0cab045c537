import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('keys are sorted at every depth, lists are not', () => {
  expect(canonicalJson({ b: [{ z: 1, a: 2 }, 1], a: null, B: 'x' })).toBe(
    '{"B":"x","a":null,"b":[{"a":2,"z":1},1]}',
  );
});

test('what is undefined is left out', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test('means the same value, whatever the order of its keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test('keys that look like numbers or like members of objects are keys like others', () => {
  const value = JSON.parse('{"10":1,"9":2,"__proto__":3,"constructor":4}');
  expect(JSON.parse(canonicalJson(value))).toEqual(value);
  expect(Object.hasOwn(JSON.parse(canonicalJson(value)), '__proto__')).toBe(true);
});
