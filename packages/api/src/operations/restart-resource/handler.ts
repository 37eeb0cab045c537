import { withArticle } from '@brainpod/model/kind';
import { EMPTY_BODY, EMPTY_QUERY, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { restartBody } from '../../representations/restart.ts';
import { RESOURCE_PATH, resourceKey } from '../../resource-path.ts';
import { ResourceRestart } from '../../schemas.ts';

export const restartResource = podOperation({
  id: 'restartResource',
  method: 'POST',
  path: `${RESOURCE_PATH}/restart`,
  tag: 'resources',
  summary: 'Restart an App',
  description:
    'New instances take the place of those that run, without interruption where a deploy has none. The resource is `locked` until that is over: it cannot be changed. If the new ones do not get ready, those from before stay, and the restart has an `error`.',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  hasPrecondition: true,
  responses: { 202: { description: 'The restart has begun', schema: ResourceRestart } },
  handle: async ({ deps, pod, params, actor }) => {
    const key = resourceKey(params);
    if (key.kind !== 'App') {
      const message = `Only an App can be restarted, and this is ${withArticle(key.kind)}.`;
      throw validationError([{ path: 'kind', message }], 'This cannot be restarted.');
    }
    const restart = await deps.store.restarts.start(pod.id, key, actor);
    return { status: 202, body: restartBody(pod.name, restart) };
  },
});
