import { DOMAIN_PATH, domainIn } from '../../domain-path.ts';
import { Domain } from '../../domain-schemas.ts';
import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { domainBody } from '../../representations/domain.ts';

export const checkDomain = podOperation({
  id: 'checkDomain',
  method: 'POST',
  path: `${DOMAIN_PATH}/check`,
  tag: 'domains',
  summary: 'Have a domain looked at now',
  description:
    'DNS is asked about it within seconds, instead of at `nextAttemptAt`. What comes of it stands in the list.',
  access: { actions: ['domains:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  responses: { 202: { description: 'It is about to be looked at', schema: Domain } },
  handle: async ({ deps, pod, params, actor }) => {
    const domain = await deps.store.domains.checkNow(pod.id, domainIn(params), actor);
    return { status: 202, body: domainBody(pod.name, domain) };
  },
});
