import { ApiError } from '@brainpod/model/errors';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { restartBody } from '../../representations/restart.ts';
import { RESOURCE_PATH, resourceKey } from '../../resource-path.ts';
import { ResourceRestart } from '../../schemas.ts';

export const getRestart = podOperation({
  id: 'getRestart',
  method: 'GET',
  path: `${RESOURCE_PATH}/restart`,
  tag: 'resources',
  summary: 'Show the last restart of a resource',
  access: { actions: ['resources:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The last restart', schema: ResourceRestart } },
  handle: async ({ deps, pod, params }) => {
    const key = resourceKey(params);
    const restart = await deps.store.restarts.find(pod.id, key);
    if (restart === null) {
      throw new ApiError('NOT_FOUND', `${key.kind} "${key.name}" of pod ${pod.name} was never restarted.`);
    }
    return { status: 200, body: restartBody(pod.name, restart) };
  },
});
