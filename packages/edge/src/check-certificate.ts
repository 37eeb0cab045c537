import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

export type CheckedCertificate = { chainPem: string; keyPem: string; notBefore: Date; notAfter: Date };

export type CertificateCheck =
  | { ok: true; certificate: CheckedCertificate }
  /** All that is wrong, each with the part that it is about. */
  | { ok: false; faults: { part: 'certificate' | 'key'; message: string }[] };

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const MAX_CHAIN = 10;
const MIN_RSA_BITS = 2048;
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

type Fault = { part: 'certificate' | 'key'; message: string };

/**
 * Whether a certificate can be served for a domain: the chain in its order, for that name, within its dates, and the key
 * that belongs to it. Who signed the end of the chain is not looked at: that is for visitors to judge.
 */
export function checkCertificate(
  { chainPem, keyPem }: { chainPem: string; keyPem: string },
  domain: string,
  now: Date,
): CertificateCheck {
  const faults: Fault[] = [];
  const chain = readChain(chainPem, faults);
  const key = readKey(keyPem, faults);
  const [leaf] = chain;
  if (leaf !== undefined) {
    faults.push(...leafFaults(leaf, domain, now), ...chainFaults(chain, now));
    if (key !== null && !leaf.checkPrivateKey(key)) {
      faults.push({ part: 'key', message: 'Does not belong to the first certificate of the chain.' });
    }
  }
  if (faults.length > 0 || leaf === undefined || key === null) return { ok: false, faults };
  return {
    ok: true,
    certificate: {
      chainPem: chain.map((member) => member.toString()).join(''),
      keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      notBefore: leaf.validFromDate,
      notAfter: leaf.validToDate,
    },
  };
}

function readChain(chainPem: string, faults: Fault[]): X509Certificate[] {
  const blocks = chainPem.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0 || blocks.length > MAX_CHAIN) {
    const message = `Must be PEM: the certificate first, then those that lead to its authority; ${MAX_CHAIN} at most.`;
    faults.push({ part: 'certificate', message });
    return [];
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    faults.push({ part: 'certificate', message: 'Holds what cannot be read as a certificate.' });
    return [];
  }
}

function readKey(keyPem: string, faults: Fault[]): KeyObject | null {
  try {
    const key = createPrivateKey(keyPem);
    const { modulusLength, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
    const isStrong =
      key.asymmetricKeyType === 'rsa' ? (modulusLength ?? 0) >= MIN_RSA_BITS : CURVES.has(namedCurve);
    if (isStrong) return key;
    faults.push({
      part: 'key',
      message: `Must be RSA of ${MIN_RSA_BITS} bits or more, or EC P-256 to P-521.`,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    faults.push({ part: 'key', message: 'Must be a private key as PEM, without a passphrase.' });
  }
  return null;
}

function leafFaults(leaf: X509Certificate, domain: string, now: Date): Fault[] {
  const faults: Fault[] = [];
  const say = (message: string) => faults.push({ part: 'certificate', message });
  if (leaf.checkHost(domain, { subject: 'never' }) === undefined) say(`Is not for ${domain}.`);
  if (leaf.ca) say('The first certificate is that of an authority; it must be that of the domain.');
  if (leaf.validFromDate > now) say(`Is valid only from ${leaf.validFromDate.toISOString()} on.`);
  if (leaf.validToDate <= now) say(`Has ended on ${leaf.validToDate.toISOString()}.`);
  return faults;
}

function chainFaults(chain: readonly X509Certificate[], now: Date): Fault[] {
  return chain.slice(1).flatMap((issuer, index): Fault[] => {
    const subject = chain[index];
    const message = `Certificate ${index + 2} of the chain`;
    if (subject === undefined || !subject.checkIssued(issuer) || !subject.verify(issuer.publicKey)) {
      return [{ part: 'certificate', message: `${message} did not sign the one before it.` }];
    }
    return issuer.validToDate <= now ? [{ part: 'certificate', message: `${message} has ended.` }] : [];
  });
}
