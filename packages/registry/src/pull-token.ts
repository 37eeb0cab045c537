import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The password with which a cluster's nodes pull the images of one pod (user name `pull`). It is derived from the
 * master key, so it needs no storage; it opens nothing but reading that pod's repositories.
 */
export function pullToken(masterKey: Uint8Array, pod: string): string {
  return createHmac('sha256', masterKey).update(`pull:${pod}`).digest('base64url');
}

/** Whether `token` is the pull token of `pod`. Takes the same time wherever the two differ. */
export function verifyPullToken(masterKey: Uint8Array, pod: string, token: string): boolean {
  const expected = Buffer.from(pullToken(masterKey, pod));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
