import { expect, test } from 'vitest';
import { looksLikeSecret, newSecret, secretHash } from './api-key-secret.ts';

test('secrets have their shape, differ, and use the whole alphabet', () => {
  const secrets = Array.from({ length: 200 }, newSecret);
  expect(secrets.every(looksLikeSecret)).toBe(true);
  expect(new Set(secrets).size).toBe(secrets.length);
  expect(new Set(secrets.flatMap((secret) => [...secret.slice('brain_'.length)])).size).toBe(62);
});

test.each(['', 'brain_', `brain_${'a'.repeat(31)}`, `brain_${'a'.repeat(33)}`, `brain_${'-'.repeat(32)}`])(
  '%j is no secret',
  (text) => {
    expect(looksLikeSecret(text)).toBe(false);
  },
);

test('a hash is 32 bytes and tells secrets apart', () => {
  const [one, other] = [newSecret(), newSecret()];
  expect(secretHash(one)).toHaveLength(32);
  expect(secretHash(one).equals(secretHash(one))).toBe(true);
  expect(secretHash(one).equals(secretHash(other))).toBe(false);
});
