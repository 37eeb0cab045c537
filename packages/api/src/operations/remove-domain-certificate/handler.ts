import { DOMAIN_PATH, domainIn } from '../../domain-path.ts';
import { Domain } from '../../domain-schemas.ts';
import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { domainBody } from '../../representations/domain.ts';

export const removeDomainCertificate = podOperation({
  id: 'removeDomainCertificate',
  method: 'DELETE',
  path: `${DOMAIN_PATH}/certificate`,
  tag: 'domains',
  summary: 'Remove your own certificate of a domain',
  description: 'The platform gets one again. Until it has it, the domain is not served.',
  access: { actions: ['domains:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  responses: { 200: { description: 'The domain without it', schema: Domain } },
  handle: async ({ deps, pod, params, actor }) => {
    const domain = await deps.store.domains.removeCertificate(pod.id, domainIn(params), actor);
    return { status: 200, body: domainBody(pod.name, domain) };
  },
});
