import { ApiError } from '@brainpod/model/errors';
import type { ApiDependencies } from '../../dependencies.ts';
import { bodyOf, EMPTY_QUERY, validationError } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { podBody } from '../../representations/pod.ts';
import { Pod, PodCreateInput } from '../../schemas.ts';

export const createPod = accountOperation({
  id: 'createPod',
  method: 'POST',
  path: '/v1/pods',
  tag: 'pods',
  summary: 'Create a pod',
  description:
    'The name is chosen by the platform. The pod starts with an empty draft. Without `cluster` the platform chooses where it runs; that never changes. Not safe to repeat, but with an Idempotency-Key.',
  access: { grant: 'every-pod', action: 'pods:create' },
  query: EMPTY_QUERY,
  body: bodyOf(PodCreateInput, { required: false }),
  responses: { 201: { description: 'The new pod', schema: Pod } },
  handle: async ({ deps, caller, actor, body }) => {
    const clusterId = await chosenCluster(deps, body.cluster);
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

/** VALIDATION_ERROR (ApiError) for a cluster that there is not. */
async function chosenCluster(deps: ApiDependencies, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) {
    const found = await deps.store.clusters.find(wanted.toLowerCase());
    if (found !== null) return found.id;
    const message = 'There is no such cluster; GET /v1/clusters lists them.';
    throw validationError([{ path: 'cluster', message }]);
  }
  const clusterId = await deps.store.clusters.defaultId();
  if (clusterId !== null) return clusterId;
  throw new ApiError('SERVICE_UNAVAILABLE', 'No cluster is connected yet. Try again in a moment.');
}
