import { createHmac, timingSafeEqual } from 'node:crypto';

const SECONDS = 1_000;

/**
 * With which a builder pulls and pushes images of one pod, until an instant. It is derived from the master key, so nothing
 * is kept, and no other pod's images are ever open to it.
 */
export function buildToken(masterKey: Uint8Array, pod: string, expiresAt: Date): string {
  const expires = String(Math.floor(expiresAt.getTime() / SECONDS));
  return `${pod}.${expires}.${signature(masterKey, pod, expires)}`;
}

/** The pod whose images the token opens; null where it is none of ours, or its time is over. */
export function verifyBuildToken(masterKey: Uint8Array, token: string, now: Date): string | null {
  const [pod = '', expires = '', given = '', ...more] = token.split('.');
  if (more.length > 0) return null;
  const expected = Buffer.from(signature(masterKey, pod, expires));
  const bytes = Buffer.from(given);
  if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return null;
  return Number(expires) * SECONDS > now.getTime() ? pod : null;
}

function signature(masterKey: Uint8Array, pod: string, expires: string): string {
  return createHmac('sha256', masterKey).update(`build:${pod}:${expires}`).digest('base64url');
}
