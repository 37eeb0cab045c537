import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What is sealed for one purpose cannot be opened for another. */
export const KUBECONFIGS = 'brainpod sealed kubeconfig';
export const ACME_ACCOUNTS = 'brainpod sealed key of an ACME account';
export const DOMAIN_KEYS = 'brainpod sealed key of a certificate';
export const REGISTRY_PASSWORDS = 'brainpod sealed password of a registry';
export const BUILD_SECRETS = 'brainpod sealed secret of a build';

/** Encrypts and opens texts for one owner each; sealed for one, it cannot be opened as another's. */
export class TextSealer {
  readonly #key: Buffer;

  constructor(masterKey: Buffer, purpose: string = KUBECONFIGS) {
    this.#key = Buffer.from(hkdfSync('sha256', masterKey, '', purpose, KEY_BYTES));
  }

  seal(ownerId: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(ownerId, 'utf8'));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws when it was sealed for somebody else, under another master key, or was changed. */
  open(ownerId: string, bytes: Buffer): string {
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(ownerId, 'utf8'));
    decipher.setAuthTag(tag);
    const sealed = bytes.subarray(NONCE_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
  }
}
