import type { DomainKeys } from '@brainpod/reconciler/ports';
import type { Logger } from 'pino';
import { DOMAIN_KEYS, TextSealer } from '../sealed-text.ts';

/** Seals the keys of own domains' certificates for the database, and opens them for the cluster. */
export class SealedDomainKeys implements DomainKeys {
  readonly #sealer: TextSealer;
  readonly #logger: Logger;

  constructor(masterKey: Buffer, logger: Logger) {
    this.#sealer = new TextSealer(masterKey, DOMAIN_KEYS);
    this.#logger = logger;
  }

  seal(podId: string, domain: string, keyPem: string): Buffer {
    return this.#sealer.seal(ownerOf(podId, domain), keyPem);
  }

  open(podId: string, domain: string, sealed: Buffer): string | null {
    try {
      return this.#sealer.open(ownerOf(podId, domain), sealed);
    } catch (error) {
      this.#logger.error(
        { err: error, domain },
        'the key of a certificate cannot be opened: it was sealed under another master key',
      );
      return null;
    }
  }
}

function ownerOf(podId: string, domain: string): string {
  return `${podId}/${domain}`;
}
