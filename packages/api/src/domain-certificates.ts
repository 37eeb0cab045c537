import type { Fault } from '@brainpod/model/document';
import type { KeptCertificate } from '@brainpod/store/domains';

/** What the API needs to take in a certificate of a domain's owner. */
export interface DomainCertificates {
  /** Faults have the paths `certificate` and `key`. */
  take(
    place: { podId: string; domain: string },
    input: { certificate: string; key: string },
  ): { ok: true; certificate: Omit<KeptCertificate, 'issuer'> } | { ok: false; faults: Fault[] };
}
