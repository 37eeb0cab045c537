import { documentTag, ETAG_OF_RESOURCE } from '../../etag.ts';
import { NO_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { StateQuery } from '../../parameters.ts';
import { revisionInScope } from '../../pod-state.ts';
import { resourceBody } from '../../representations/resource.ts';
import { noSuchResource, RESOURCE_PATH, resourceKey } from '../../resource-path.ts';
import { Resource } from '../../schemas.ts';

export const getResource = podOperation({
  id: 'getResource',
  method: 'GET',
  path: RESOURCE_PATH,
  tag: 'resources',
  summary: 'Show a resource',
  description:
    'In its newest state, as in a revision, or as it was live at an instant. Anything but the newest also needs revisions:read.',
  access: {
    actions: ['resources:read'],
    withQuery: { parameters: ['revision', 'at'], actions: ['revisions:read'] },
  },
  query: StateQuery,
  body: NO_BODY,
  responses: { 200: { description: 'The resource', schema: Resource, headers: ETAG_OF_RESOURCE } },
  handle: async ({ deps, pod, params, query }) => {
    const key = resourceKey(params);
    const revisionId = await revisionInScope(deps, pod, query);
    const resource = await deps.store.resources.find(revisionId, key.kind, key.name);
    if (resource === null) throw noSuchResource(key, pod.name);
    return {
      status: 200,
      body: resourceBody(resource, { podName: pod.name, revisionId, scope: query }),
      headers: { etag: documentTag(resource) },
    };
  },
});
