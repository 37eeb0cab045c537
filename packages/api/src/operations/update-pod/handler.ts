import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod, PodUpdateInput } from '../../schemas.ts';

export const updatePod = podOperation({
  id: 'updatePod',
  method: 'PATCH',
  path: '/v1/pods/{pod}',
  tag: 'pods',
  summary: 'Change the display name of a pod',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: bodyOf(PodUpdateInput, { required: true }),
  responses: { 200: { description: 'The pod as it is now', schema: Pod } },
  handle: async ({ deps, pod, caller, actor, body }) => {
    const renamed = await deps.store.pods.rename(pod.id, body.displayName, actor);
    return { status: 200, body: podBody(renamed, caller) };
  },
});
