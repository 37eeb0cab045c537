import { expect, it } from 'vitest';
import { derivePullKey, pullToken, verifyPullToken } from './pull-token.ts';

const masterKey = Buffer.alloc(32, 7);
const key = derivePullKey(masterKey, Buffer.from('a salt'));

it('is the same whenever it is asked for, and another for each pod, salt and master key', () => {
  const token = pullToken(key, 'foxes-vanish');
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(verifyPullToken(derivePullKey(masterKey, Buffer.from('a salt')), 'foxes-vanish', token)).toBe(true);
  expect(verifyPullToken(key, 'grapes-cross', token)).toBe(false);
  expect(verifyPullToken(derivePullKey(masterKey, Buffer.from('b salt')), 'foxes-vanish', token)).toBe(false);
  expect(
    verifyPullToken(derivePullKey(Buffer.alloc(32, 8), Buffer.from('a salt')), 'foxes-vanish', token),
  ).toBe(false);
});

it('is without a salt what it was before there were several keys', () => {
  const former = pullToken(masterKey, 'foxes-vanish');
  expect(verifyPullToken(derivePullKey(masterKey, Buffer.alloc(0)), 'foxes-vanish', former)).toBe(true);
  expect(verifyPullToken(key, 'foxes-vanish', former)).toBe(false);
});

it('is not guessed by its length or its beginning', () => {
  const token = pullToken(key, 'foxes-vanish');
  for (const wrong of [
    'ü'.repeat(43),
    '',
    token.slice(0, -1),
    `${token}x`,
    `${token.slice(0, -1)}${token.endsWith('x') ? 'y' : 'x'}`,
  ]) {
    expect(verifyPullToken(key, 'foxes-vanish', wrong)).toBe(false);
  }
});
