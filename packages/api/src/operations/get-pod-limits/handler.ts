import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { PodLimitsUsed } from '../../operator-schemas.ts';
import { podLimitsBody } from '../../representations/pod-limits.ts';

export const getPodLimits = podOperation({
  id: 'getPodLimits',
  method: 'GET',
  path: '/v1/pods/{pod}/limits',
  tag: 'pods',
  summary: 'Show what a pod may ask for in all, and what it asks for',
  description:
    'What the draft asks for, what is deployed, and what the images in the registry take. Databases count with their instance. null is no limit; the operator sets limits.',
  access: { actions: ['pods:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'Limits, and what is used of them', schema: PodLimitsUsed } },
  handle: async ({ deps, pod }) => {
    const imageBytes = await deps.imageKeeper.bytes(pod.name);
    return { status: 200, body: await podLimitsBody(deps, pod, imageBytes) };
  },
});
