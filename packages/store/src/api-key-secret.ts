import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'brain_';
const LENGTH = 32;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
// Bytes from here on would make the alphabet's first characters likelier than the others.
const FAIR_LIMIT = 256 - (256 % ALPHABET.length);

const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${LENGTH}}$`);

/** A new API key's secret: `brain_` and 32 characters of base62, 190 bits of randomness. */
export function newSecret(): string {
  let text = '';
  while (text.length < LENGTH) {
    for (const byte of randomBytes(LENGTH)) {
      if (byte < FAIR_LIMIT && text.length < LENGTH) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return PREFIX + text;
}

/** Whether a text has the shape of a secret; anything else need not be looked up. */
export function looksLikeSecret(text: string): boolean {
  return SHAPE.test(text);
}

/**
 * What is stored of a secret. One round of sha256 is enough: the secret is as random as a key, so guessing
 * it from its hash is hopeless. Look-ups by this hash take no time that tells anything of the secret.
 */
export function secretHash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
