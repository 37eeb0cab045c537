import { ApiError } from '@brainpod/model/errors';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod, PodCreateInput } from '../../schemas.ts';

export const createPod = accountOperation({
  id: 'createPod',
  method: 'POST',
  path: '/v1/pods',
  tag: 'pods',
  summary: 'Create a pod',
  description: 'The name is chosen by the platform. The pod starts with an empty draft. Not safe to repeat.',
  access: { grant: 'every-pod', action: 'pods:create' },
  query: EMPTY_QUERY,
  body: bodyOf(PodCreateInput, { required: false }),
  responses: { 201: { description: 'The new pod', schema: Pod } },
  handle: async ({ deps, caller, actor, body }) => {
    const clusterId = await deps.store.clusters.defaultId();
    if (clusterId === null) {
      throw new ApiError('SERVICE_UNAVAILABLE', 'No cluster is connected yet. Try again in a moment.');
    }
    const pod = await deps.store.pods.create({
      accountId: caller.accountId,
      ownerId: caller.userId,
      clusterId,
      displayName: body.displayName ?? null,
      actor,
    });
    return { status: 201, body: podBody(pod, caller) };
  },
});
