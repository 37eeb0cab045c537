import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

const PURPOSE = 'brainpod pull key';
const KEY_BYTES = 32;

/**
 * The key of a salt: neither the salt nor what is made of other salts tells anything of it. Without a salt it is the
 * master key itself, as it was before there were several keys.
 */
export function derivePullKey(masterKey: Uint8Array, salt: Uint8Array): Buffer {
  if (salt.length === 0) return Buffer.from(masterKey);
  return Buffer.from(hkdfSync('sha256', masterKey, salt, PURPOSE, KEY_BYTES));
}

/**
 * The password with which a cluster's nodes pull the images of one pod (user name `pull`). It opens nothing but reading
 * that pod's repositories.
 */
export function pullToken(key: Uint8Array, pod: string): string {
  return createHmac('sha256', key).update(`pull:${pod}`).digest('base64url');
}

/** Whether `token` is the pull token of `pod`. Takes the same time wherever the two differ. */
export function verifyPullToken(key: Uint8Array, pod: string, token: string): boolean {
  const expected = Buffer.from(pullToken(key, pod));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
