import { contentHeaders, ETAG_OF_CONTENT } from '../../etag.ts';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { revisionOf } from '../../pod-state.ts';
import { resourceBody } from '../../representations/resource.ts';
import { revisionBody } from '../../representations/revision.ts';
import { RevisionDetail } from '../../schemas.ts';

export const getRevision = podOperation({
  id: 'getRevision',
  method: 'GET',
  path: '/v1/pods/{pod}/revisions/{revision}',
  tag: 'revisions',
  summary: 'Show a revision with its resources',
  access: { actions: ['revisions:read', 'resources:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The revision', schema: RevisionDetail, headers: ETAG_OF_CONTENT } },
  handle: async ({ deps, pod, params }) => {
    const revision = await revisionOf(deps, pod, params.revision ?? '');
    const resources = await deps.store.resources.list(revision.id);
    const place = { podName: pod.name, revisionId: revision.id, scope: { revision: revision.id } };
    return {
      status: 200,
      body: {
        ...revisionBody(pod.name, revision),
        checksum: revision.checksum,
        resources: resources.map((resource) => resourceBody(resource, place)),
      },
      headers: contentHeaders(resources),
    };
  },
});
