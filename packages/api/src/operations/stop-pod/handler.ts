import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const stopPod = podOperation({
  id: 'stopPod',
  method: 'POST',
  path: '/v1/pods/{pod}/stop',
  tag: 'pods',
  summary: 'Stop a pod',
  description:
    'No instance of it runs until it is started; everything else stays. Nothing can be deployed meanwhile. Apps are shown as Ready, with no instance: they are as they are meant to be.',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  hasPrecondition: true,
  responses: { 200: { description: 'The pod as it is now', schema: Pod } },
  handle: async ({ deps, pod, caller, actor }) => ({
    status: 200,
    body: podBody(await deps.store.pods.stop(pod.id, actor), caller),
  }),
});
