import Type from 'typebox';
import { contentHeaders, ETAG_OF_CONTENT } from '../../etag.ts';
import { NO_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { StateQuery } from '../../parameters.ts';
import { revisionInScope } from '../../pod-state.ts';
import { resourceBody } from '../../representations/resource.ts';
import { Resource } from '../../schemas.ts';

export const listResources = podOperation({
  id: 'listResources',
  method: 'GET',
  path: '/v1/pods/{pod}/resources',
  tag: 'resources',
  summary: 'List the resources of a pod',
  description:
    'Of its newest state, of a revision, or of what was live at an instant. Anything but the newest also needs revisions:read.',
  access: {
    actions: ['resources:read'],
    withQuery: { parameters: ['revision', 'at'], actions: ['revisions:read'] },
  },
  query: StateQuery,
  body: NO_BODY,
  responses: {
    200: {
      description: 'The resources, by kind and name',
      schema: Type.Array(Resource),
      headers: ETAG_OF_CONTENT,
    },
  },
  handle: async ({ deps, pod, query }) => {
    const revisionId = await revisionInScope(deps, pod, query);
    const resources = await deps.store.resources.list(revisionId);
    const place = { podName: pod.name, revisionId, scope: query };
    return {
      status: 200,
      body: resources.map((resource) => resourceBody(resource, place)),
      headers: contentHeaders(resources),
    };
  },
});
