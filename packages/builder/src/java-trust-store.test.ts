import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect, it } from 'vitest';
import { javaTrustStore } from './java-trust-store.ts';

const [FIRST = '', SECOND = ''] = rootCertificates;

/** What Java reads of it, by the format's own description: alias and certificate of each entry. */
function entriesOf(store: Buffer): { alias: string; certificate: Buffer }[] {
  expect([store.readUInt32BE(0), store.readUInt32BE(4)]).toEqual([0xfeedfeed, 2]);
  let at = 12;
  const take = (length: number): Buffer => {
    at += length;
    return store.subarray(at - length, at);
  };
  const text = (): string => take(take(2).readUInt16BE()).toString('ascii');
  const entries = Array.from({ length: store.readUInt32BE(8) }, () => {
    expect(take(4).readUInt32BE()).toBe(2);
    const alias = text();
    take(8);
    expect(text()).toBe('X.509');
    return { alias, certificate: take(take(4).readUInt32BE()) };
  });
  expect(store.length - at).toBe(20);
  return entries;
}

it('holds each certificate of a bundle, and gives the same bytes again', () => {
  const store = javaTrustStore(`# comment\n${FIRST}\n${SECOND}\n`);
  expect(entriesOf(store)).toEqual([
    { alias: '0', certificate: new X509Certificate(FIRST).raw },
    { alias: '1', certificate: new X509Certificate(SECOND).raw },
  ]);
  expect(javaTrustStore(`${FIRST}\n${SECOND}`)).toEqual(store);
});

it('leaves out what is no certificate', () => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  expect(entriesOf(javaTrustStore(`${broken}${FIRST}`))).toHaveLength(1);
  expect(entriesOf(javaTrustStore('nothing'))).toEqual([]);
});
