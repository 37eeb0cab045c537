import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const deletePod = podOperation({
  id: 'deletePod',
  method: 'DELETE',
  path: '/v1/pods/{pod}',
  tag: 'pods',
  summary: 'Delete a pod',
  description:
    'What runs ends and its addresses answer no longer, at once; a deploy on its way is canceled. Until `eraseAfter`, 7 days later, it can be restored as it was; its images and addresses are kept so long. Then everything of it is erased.',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,

  responses: { 200: { description: 'The deleted pod', schema: Pod } },
  handle: async ({ deps, pod, caller, actor }) => ({
    status: 200,
    body: podBody(await deps.store.pods.remove(pod.id, actor), caller),
  }),
});
