/**
 * What becomes of an own domain. `verifying`: DNS leads here, and the certificate authority is convincing itself of
 * that. `issuing`: it is convinced, and makes the certificate. `renewing`: the certificate serves while the next one is
 * got. `failed`: the last try did not work; there is a reason and, as a rule, a next try.
 */
export const DOMAIN_STATES = [
  'waitingForDns',
  'verifying',
  'issuing',
  'active',
  'renewing',
  'failed',
] as const;
export type DomainState = (typeof DOMAIN_STATES)[number];

/** Who made a certificate: a public authority by ACME, the platform's own, or the domain's owner. */
export const CERTIFICATE_ISSUERS = ['acme', 'local', 'own'] as const;
export type CertificateIssuer = (typeof CERTIFICATE_ISSUERS)[number];

/** A record to be set where the domain's names are kept. */
export type DnsRecord = { type: 'CNAME' | 'TXT'; name: string; value: string };

const PROOF_PREFIX = 'brainpod=';

/**
 * The records of which one proves that a domain is to lead to a pod: a CNAME to the Route's platform host name, which
 * leads visitors here at the same time; or, where there can be none (at the top of a zone, where A or ALIAS records
 * lead here and say nothing of the pod), a TXT record beside it.
 */
export function proofRecords(
  domain: string,
  { target, token }: { target: string; token: string },
): { cname: DnsRecord; txt: DnsRecord } {
  return {
    cname: { type: 'CNAME', name: domain, value: target },
    txt: { type: 'TXT', name: `_brainpod.${domain}`, value: `${PROOF_PREFIX}${token}` },
  };
}
