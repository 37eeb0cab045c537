import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const getPod = podOperation({
  id: 'getPod',
  method: 'GET',
  path: '/v1/pods/{pod}',
  tag: 'pods',
  summary: 'Show a pod',
  access: { actions: ['pods:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The pod', schema: Pod } },
  handle: ({ pod, caller }) => Promise.resolve({ status: 200, body: podBody(pod, caller) }),
});
