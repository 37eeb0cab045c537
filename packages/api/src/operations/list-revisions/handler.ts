import { ApiError } from '@brainpod/model/errors';
import Type from 'typebox';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { RevisionIdParameter } from '../../parameters.ts';
import { revisionBody } from '../../representations/revision.ts';
import { RevisionList } from '../../schemas.ts';

const DEFAULT_LIMIT = 10;

export const listRevisions = podOperation({
  id: 'listRevisions',
  method: 'GET',
  path: '/v1/pods/{pod}/revisions',
  tag: 'revisions',
  summary: 'List the revisions of a pod, newest first',
  access: { actions: ['revisions:read'] },
  query: Type.Object({
    cursor: Type.Optional(RevisionIdParameter),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: DEFAULT_LIMIT })),
  }),
  body: NO_BODY,
  responses: {
    200: {
      description: 'A page of revisions',
      schema: RevisionList,
      headers: {
        'x-next-cursor': 'The cursor of the next page; absent on the last one',
        link: 'The address of the next page (RFC 8288); absent on the last one',
      },
    },
  },
  handle: async ({ deps, pod, query }) => {
    const { cursor, limit = DEFAULT_LIMIT } = query;
    const page = await deps.store.revisions.list(pod.id, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (page === null) throw new ApiError('BAD_REQUEST', `cursor: pod ${pod.name} has no such revision.`);
    const next =
      page.nextCursor === null ? null : links.revisions(pod.name, { cursor: page.nextCursor, limit });
    return {
      status: 200,
      body: {
        items: page.items.map((revision) => revisionBody(pod.name, revision)),
        _links: { self: links.revisions(pod.name, query), next },
      },
      headers:
        next === null || page.nextCursor === null
          ? {}
          : { 'x-next-cursor': page.nextCursor, link: `<${next.href}>; rel="next"` },
    };
  },
});
