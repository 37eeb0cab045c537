import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const restorePod = podOperation({
  id: 'restorePod',
  method: 'POST',
  path: '/v1/deleted-pods/{pod}/restore',
  tag: 'pods',
  summary: 'Restore a deleted pod',
  description:
    'It comes back as it was: draft, history, images and addresses, and what was deployed runs again.',
  access: { actions: ['pods:write'], isDeleted: true },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,

  responses: { 200: { description: 'The restored pod', schema: Pod } },
  handle: async ({ deps, pod, caller, actor }) => ({
    status: 200,
    body: podBody(await deps.store.pods.restore(pod.id, actor), caller),
  }),
});
