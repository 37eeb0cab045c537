import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, both PEM. */
export type KeyPair = { certPem: string; keyPem: string };

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_LIFETIME_DAYS = 3650;
const LEAF_LIFETIME_DAYS = 90;
const MAX_COMMON_NAME = 64;
/** Clocks of clients may be a little behind ours. */
const BACKDATE_MS = 60 * 60 * 1000;

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NAME_CONSTRAINTS_OID = '2.5.29.30';

x509.cryptoProvider.set(webcrypto);

/**
 * Makes a certificate authority that can vouch for names under `domain` only (RFC 5280, 4.2.1.10): whoever
 * trusts it on a machine does not trust it for the rest of the internet.
 */
export async function createAuthority(domain: string, now: Date): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=Brainpod local CA (${domain})`,
    ...validity(now, CA_LIFETIME_DAYS),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      permittedDomain(domain),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await exportKey(keys.privateKey) };
}

/** Issues a server certificate for `domain` and every name directly below it. */
export function issueWildcard(authority: KeyPair, domain: string, now: Date): Promise<KeyPair> {
  return issue(authority, { subject: `*.${domain}`, names: [domain, `*.${domain}`] }, now);
}

/**
 * Issues a server certificate for just one name. Outside the authority's own domain nobody's program believes it: it
 * keeps what is sent from being read on its way, and proves nothing.
 */
export function issueFor(authority: KeyPair, name: string, now: Date): Promise<KeyPair> {
  return issue(authority, { subject: name, names: [name] }, now);
}

async function issue(
  authority: KeyPair,
  { subject, names }: { subject: string; names: string[] },
  now: Date,
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certPem);
  const signingKey = await importKey(authority.keyPem);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // RFC 5280: a common name has 64 characters at most; programs look at the names below.
    ...(subject.length <= MAX_COMMON_NAME && { subject: `CN=${subject}` }),
    issuer: issuer.subject,
    ...validity(now, LEAF_LIFETIME_DAYS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: 'dns' as const, value })),
        subject.length > MAX_COMMON_NAME,
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await exportKey(keys.privateKey) };
}

/** Whether a certificate has less than a third of its life left. */
export function needsRenewal(certPem: string, now: Date): boolean {
  const { notBefore, notAfter } = new x509.X509Certificate(certPem);
  const lifetimeMs = notAfter.getTime() - notBefore.getTime();
  return notAfter.getTime() - now.getTime() < lifetimeMs / 3;
}

/** Whether `certPem` was signed by `authority` and names `*.<domain>`. */
export async function isIssuedFor(certPem: string, authority: KeyPair, domain: string): Promise<boolean> {
  const certificate = new x509.X509Certificate(certPem);
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  if (!names.some((name) => name.type === 'dns' && name.value === `*.${domain}`)) return false;
  return certificate.verify({ publicKey: new x509.X509Certificate(authority.certPem), signatureOnly: true });
}

/** Whether an authority may vouch for `domain`. */
export function coversDomain(authorityPem: string, domain: string): boolean {
  const extension = new x509.X509Certificate(authorityPem).getExtension(NAME_CONSTRAINTS_OID);
  if (!extension) return false;
  const permitted = AsnConvert.parse(extension.value, NameConstraints).permittedSubtrees ?? [];
  return [...permitted].some((subtree) => subtree.base.dNSName === domain);
}

function permittedDomain(domain: string): x509.Extension {
  const subtree = new GeneralSubtree({ base: new GeneralName({ dNSName: domain }) });
  const constraints = new NameConstraints({ permittedSubtrees: new GeneralSubtrees([subtree]) });
  return new x509.Extension(NAME_CONSTRAINTS_OID, true, AsnConvert.serialize(constraints));
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter: new Date(now.getTime() + days * DAY_MS),
  };
}

function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  // RFC 5280, 4.1.2.2: positive, so the first bit is clear; and never zero.
  bytes[0] = (bytes[0] ?? 0) & 0x7f || 1;
  return Buffer.from(bytes).toString('hex');
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (!der) throw new Error('the private key of the local certificate authority is not PEM');
  return webcrypto.subtle.importKey('pkcs8', der, SIGNING, true, ['sign']);
}
