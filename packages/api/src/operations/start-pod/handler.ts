import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const startPod = podOperation({
  id: 'startPod',
  method: 'POST',
  path: '/v1/pods/{pod}/start',
  tag: 'pods',
  summary: 'Start a stopped pod',
  description: 'What is deployed runs again.',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,

  responses: { 200: { description: 'The pod as it is now', schema: Pod } },
  handle: async ({ deps, pod, caller, actor }) => ({
    status: 200,
    body: podBody(await deps.store.pods.start(pod.id, actor), caller),
  }),
});
