import 'reflect-metadata';
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

x509.cryptoProvider.set(webcrypto);

/** A new key for a certificate, PEM. */
export async function generateCertificateKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}

/** Asks for a certificate for one name with this key (RFC 2986), DER as base64url. */
export async function certificateRequest(domain: string, keyPem: string): Promise<string> {
  const keys = await keyPairOf(keyPem);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: SIGNING,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: domain }])],
  });
  return Buffer.from(request.rawData).toString('base64url');
}

async function keyPairOf(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto;
  const secret = createPrivateKey(keyPem).export({ format: 'der', type: 'pkcs8' });
  const known = createPublicKey(keyPem).export({ format: 'der', type: 'spki' });
  return {
    privateKey: await subtle.importKey('pkcs8', secret, SIGNING, true, ['sign']),
    publicKey: await subtle.importKey('spki', known, SIGNING, true, ['verify']),
  };
}
