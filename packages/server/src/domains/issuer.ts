import type { KeyPair } from '@brainpod/edge/certificate';
import type { CertificateIssuer } from '@brainpod/model/domain-state';
import type { Domain } from '@brainpod/store/domains';

/** Makes certificates for domains whose control is proven. */
export type Issuer = {
  issuer: Exclude<CertificateIssuer, 'own'>;
  /**
   * A certificate with its chain and a new key. `onConvinced` is called when all is proven to the authority and it
   * begins to make it. Rejects with IssueFailure where there is something to say to people.
   */
  issue(domain: Domain, onConvinced: () => Promise<void>, signal: AbortSignal): Promise<KeyPair>;
};

/** Why there is no certificate, in words for people. */
export class IssueFailure extends Error {
  override readonly name = 'IssueFailure';
  /** The authority's own wish; null where it has none. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: { retryAfterMs?: number | null; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Certificates of the platform's own authority, at once and without asking anybody. */
export function localIssuer(certificates: { issueFor(name: string): Promise<KeyPair> }): Issuer {
  return {
    issuer: 'local',
    issue: async ({ domain }, onConvinced) => {
      await onConvinced();
      return certificates.issueFor(domain);
    },
  };
}
