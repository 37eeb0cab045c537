import { createHash, X509Certificate } from 'node:crypto';

/** With which Java's own tools open trust stores; who only reads certificates needs none. */
const PASSWORD = 'changeit';
const [MAGIC, VERSION, TRUSTED_CERTIFICATE] = [0xfeedfeed, 2, 2];
/** Mixed into the digest at the end, as sun.security.provider.JavaKeyStore does. */
const WHITENER = 'Mighty Aphrodite';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM bundle as a trust store in Java's own format (JKS, which Java reads whatever type it is told),
 * since Java reads no PEM. The same bundle gives the same bytes; what is no certificate is left out.
 */
export function javaTrustStore(bundle: string): Buffer {
  const certificates = [...bundle.matchAll(CERTIFICATE)].flatMap(([pem]) => {
    const der = derOf(pem);
    return der === null ? [] : [der];
  });
  const entries = certificates.flatMap((der, index) => [
    uint32(TRUSTED_CERTIFICATE),
    text(String(index)),
    Buffer.alloc(8), // When it was added: at no time, so that the bytes stay the same.
    text('X.509'),
    uint32(der.length),
    der,
  ]);
  const content = Buffer.concat([uint32(MAGIC), uint32(VERSION), uint32(certificates.length), ...entries]);
  const digest = createHash('sha1')
    .update(Buffer.from(PASSWORD, 'utf16le').swap16())
    .update(WHITENER)
    .update(content)
    .digest();
  return Buffer.concat([content, digest]);
}

function derOf(pem: string): Buffer | null {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    return null; // A bundle may hold what no library reads; the others count.
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** As DataOutputStream.writeUTF; ASCII only. */
function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([length, Buffer.from(value, 'ascii')]);
}
