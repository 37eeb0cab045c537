import { expect, it } from 'vitest';
import { pullToken, verifyPullToken } from './pull-token.ts';

const masterKey = Buffer.alloc(32, 7);

it('opens the pod it was made for and no other', () => {
  const token = pullToken(masterKey, 'foxes-vanish');
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(verifyPullToken(masterKey, 'foxes-vanish', token)).toBe(true);
  expect(verifyPullToken(masterKey, 'grapes-cross', token)).toBe(false);
  expect(verifyPullToken(Buffer.alloc(32, 8), 'foxes-vanish', token)).toBe(false);
});

it('refuses anything shorter, longer or changed', () => {
  const token = pullToken(masterKey, 'foxes-vanish');
  for (const wrong of ['', token.slice(1), `${token}x`, `x${token.slice(1)}`, 'ü'.repeat(43)]) {
    expect(verifyPullToken(masterKey, 'foxes-vanish', wrong)).toBe(false);
  }
});
