import { ApiError } from '@brainpod/model/errors';
import { DOMAIN_PATH, domainIn } from '../../domain-path.ts';
import { CertificateInput, Domain } from '../../domain-schemas.ts';
import { bodyOf, EMPTY_QUERY, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { domainBody } from '../../representations/domain.ts';

export const setDomainCertificate = podOperation({
  id: 'setDomainCertificate',
  method: 'PUT',
  path: `${DOMAIN_PATH}/certificate`,
  tag: 'domains',
  summary: 'Set a certificate of your own for a domain',
  description:
    'It takes the place of any other and is served as soon as the pod holds the domain; the platform never replaces it, so it is yours to renew. The key is encrypted and shown to nobody again.',
  access: { actions: ['domains:write'] },
  query: EMPTY_QUERY,
  body: bodyOf(CertificateInput, { required: true }),
  responses: { 200: { description: 'The domain with its new certificate', schema: Domain } },
  handle: async ({ deps, pod, params, body, actor }) => {
    const { domainCertificates, store } = deps;
    const domain = domainIn(params);
    if (domainCertificates === undefined) {
      throw new ApiError('SERVICE_UNAVAILABLE', 'This server takes no certificates.');
    }
    if ((await store.domains.find(pod.id, domain)) === null) {
      throw new ApiError('NOT_FOUND', `No Route of pod ${pod.name} names the domain ${domain}.`);
    }
    const taken = domainCertificates.take({ podId: pod.id, domain }, body);
    if (!taken.ok) throw validationError(taken.faults, 'The certificate cannot be served.');
    const set = await store.domains.setCertificate(pod.id, domain, taken.certificate, actor);
    return { status: 200, body: domainBody(pod.name, set) };
  },
});
