import { isDnsLabel } from '@brainpod/model/dns-name';
import { ApiError } from '@brainpod/model/errors';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { PodLimitsInput, PodLimitsUsed } from '../../operator-schemas.ts';
import { podLimitsBody } from '../../representations/pod-limits.ts';

const NO_LIMITS = { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null };

export const setPodLimits = operatorOperation({
  id: 'setPodLimits',
  method: 'PUT',
  path: '/v1/operator/pods/{pod}/limits',
  tag: 'operator',
  summary: 'Set what a pod may ask for in all',
  description:
    'Of a pod of any account. What is left out stays as it is, null takes a limit away. What runs already goes on, but a pod that is beyond a limit can deploy only what takes no more, and nothing can be pushed to one with more images than it may have.',
  access: { action: 'platform:operate' },
  query: EMPTY_QUERY,
  body: bodyOf(PodLimitsInput, { required: true }),
  responses: { 200: { description: 'Limits, and what is used of them', schema: PodLimitsUsed } },
  prepare: async ({ deps, params }) => {
    const name = params.pod ?? '';
    return isDnsLabel(name) ? await deps.imageKeeper.bytes(name) : null;
  },
  handle: async ({ deps, params, body, actor, prepared: imageBytes }) => {
    const name = params.pod ?? '';
    const pod = isDnsLabel(name) ? await deps.store.pods.findAnywhere(name) : null;
    if (pod === null) throw new ApiError('NOT_FOUND', 'There is no such pod.');
    const limits = { ...NO_LIMITS, ...pod.limits, ...body };
    const changed = await deps.store.pods.setLimits(pod.id, limits, actor);
    return { status: 200, body: await podLimitsBody(deps, changed, imageBytes) };
  },
});
