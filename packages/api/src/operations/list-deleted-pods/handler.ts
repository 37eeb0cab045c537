import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const listDeletedPods = accountOperation({
  id: 'listDeletedPods',
  method: 'GET',
  path: '/v1/deleted-pods',
  tag: 'pods',
  summary: 'List the deleted pods that can still be restored',
  access: { grant: 'each-pod', action: 'pods:read' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The deleted pods, by name', schema: Type.Array(Pod) } },
  handle: async ({ deps, caller, isGranted }) => {
    const pods = await deps.store.pods.listDeleted(caller.accountId);
    return {
      status: 200,
      body: pods.filter((pod) => isGranted(pod.name)).map((pod) => podBody(pod, caller)),
    };
  },
});
