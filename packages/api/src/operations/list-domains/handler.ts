import Type from 'typebox';
import { Domain } from '../../domain-schemas.ts';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { domainBody } from '../../representations/domain.ts';

export const listDomains = podOperation({
  id: 'listDomains',
  method: 'GET',
  path: '/v1/pods/{pod}/domains',
  tag: 'domains',
  summary: "List a pod's own domains, and how far each has come",
  description:
    'Those that its draft names, or what is deployed, or what is on its way. Each with its state, what is in the way, the record to set, and its certificate.',
  access: { actions: ['domains:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The domains, by name', schema: Type.Array(Domain) } },
  handle: async ({ deps, pod }) => {
    const domains = await deps.store.domains.list(pod.id);
    return { status: 200, body: domains.map((domain) => domainBody(pod.name, domain)) };
  },
});
