import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod } from '../../schemas.ts';

export const listPods = accountOperation({
  id: 'listPods',
  method: 'GET',
  path: '/v1/pods',
  tag: 'pods',
  summary: 'List the pods that the API key may read',
  access: { grant: 'each-pod', action: 'pods:read' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The pods, by name', schema: Type.Array(Pod) } },
  handle: async ({ deps, caller, isGranted }) => {
    const pods = await deps.store.pods.list(caller.accountId);
    return {
      status: 200,
      body: pods.filter((pod) => isGranted(pod.name)).map((pod) => podBody(pod, caller)),
    };
  },
});
