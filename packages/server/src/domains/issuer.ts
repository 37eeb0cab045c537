import type { KeyPair } from '@brainpod/edge/certificate';
import type { CertificateIssuer } from '@brainpod/model/domain-state';
import type { CertificateOrder, Domain } from '@brainpod/store/domains';

/** What a step towards a certificate came to: the certificate, or what is to be kept until the next step. */
export type IssueStep =
  | { made: KeyPair }
  | {
      order: CertificateOrder;
      /** Whether control is still to be proven to the authority, or it makes the certificate. */
      state: 'verifying' | 'issuing';
      /** What is in the way, and what to do; null when nothing is. */
      reason: string | null;
      waitMs: number;
    };

/** Makes certificates for domains whose control is proven. */
export type Issuer = {
  issuer: Exclude<CertificateIssuer, 'own'>;
  /**
   * Takes one step, from what is kept of the domain and what the authority says, and waits for nothing: so that it can be
   * broken off anywhere, and no domain holds up another. Rejects with IssueFailure where there is something to say to
   * people; then what was ordered is given up.
   */
  step(domain: Domain, signal: AbortSignal): Promise<IssueStep>;
};

/** Why there is no certificate, in words for people. */
export class IssueFailure extends Error {
  override readonly name = 'IssueFailure';
  /** The authority's own wish, or ours for it; null where there is none. */
  readonly retryAfterMs: number | null;
  /** Whether to go on with what was ordered, which has come to no harm. */
  readonly keepsOrder: boolean;

  constructor(
    message: string,
    options: { retryAfterMs?: number | null; keepsOrder?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.keepsOrder = options.keepsOrder ?? false;
  }
}

/** Certificates of the platform's own authority, at once and without asking anybody. */
export function localIssuer(certificates: { issueFor(name: string): Promise<KeyPair> }): Issuer {
  return {
    issuer: 'local',
    step: async ({ domain }) => ({ made: await certificates.issueFor(domain) }),
  };
}
