import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildToken, verifyBuildToken } from './build-token.ts';

const key = randomBytes(32);
const now = new Date('2026-01-01T00:00:00Z');
const later = new Date('2026-01-01T01:00:00Z');

describe('the token of a build', () => {
  const token = buildToken(key, 'magpies-gleam', later);

  it('opens its own pod until its time is over', () => {
    expect(verifyBuildToken(key, token, now)).toBe('magpies-gleam');
    expect(verifyBuildToken(key, token, later)).toBeNull();
  });

  it('is none with another pod, a longer time, another key, or anything added', () => {
    const [, expires = '', signature] = token.split('.');
    const forged = [
      `other.${expires}.${signature}`,
      `magpies-gleam.${Number(expires) + 3600}.${signature}`,
      `magpies-gleam:${expires}.${signature}`,
      `${token}.`,
      `${token}x`,
      '',
      '..',
    ];
    for (const each of forged) expect(verifyBuildToken(key, each, now), each).toBeNull();
    expect(verifyBuildToken(randomBytes(32), token, now)).toBeNull();
  });
});
