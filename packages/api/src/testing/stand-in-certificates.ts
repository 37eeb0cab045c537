import type { DomainCertificates } from '../domain-certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Takes every certificate but one that says `faulty`; how one is checked is tested where that is done. */
export const standInCertificates: DomainCertificates = {
  take(_place, { certificate }) {
    if (certificate === 'faulty') {
      return { ok: false, faults: [{ path: 'certificate', message: 'Is for another domain.' }] };
    }
    const notBefore = new Date();
    const notAfter = new Date(notBefore.getTime() + DAY_MS);
    const keySealed = Buffer.from('sealed');
    return { ok: true, certificate: { chainPem: certificate, keySealed, notBefore, notAfter } };
  },
};
