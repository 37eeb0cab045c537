import type { DomainCertificates } from '@brainpod/api/domain-certificates';
import { checkCertificate } from '@brainpod/edge/check-certificate';
import type { SealedDomainKeys } from './domain-keys.ts';

/** Checks certificates that owners bring, and seals their keys. */
export function ownCertificates(keys: SealedDomainKeys): DomainCertificates {
  return {
    take({ podId, domain }, { certificate, key }) {
      const checked = checkCertificate({ chainPem: certificate, keyPem: key }, domain, new Date());
      if (!checked.ok) {
        return { ok: false, faults: checked.faults.map(({ part, message }) => ({ path: part, message })) };
      }
      const { chainPem, keyPem, notBefore, notAfter } = checked.certificate;
      return {
        ok: true,
        certificate: { chainPem, keySealed: keys.seal(podId, domain, keyPem), notBefore, notAfter },
      };
    },
  };
}
