import { proofRecords } from '@brainpod/model/domain-state';
import { formatUrn } from '@brainpod/model/urn';
import type { Domain } from '@brainpod/store/domains';
import type { DomainBody } from '../domain-schemas.ts';
import { links } from '../links.ts';

/** A pod's own domain, without its key. */
export function domainBody(podName: string, domain: Domain): DomainBody {
  const { certificate } = domain;
  return {
    domain: domain.domain,
    route: formatUrn('Route', domain.route),
    state: domain.state,
    reason: domain.reason,
    verifiedAt: domain.verifiedAt?.toISOString() ?? null,
    records: proofRecords(domain.domain, domain),
    certificate:
      certificate === null
        ? null
        : {
            issuer: certificate.issuer,
            notBefore: certificate.notBefore.toISOString(),
            notAfter: certificate.notAfter.toISOString(),
          },
    nextAttemptAt: domain.nextAttemptAt?.toISOString() ?? null,
    _links: {
      pod: links.pod(podName),
      domains: links.domains(podName),
      check: links.domainCheck(podName, domain.domain),
      certificate: links.domainCertificate(podName, domain.domain),
    },
  };
}
