import { ApiError } from '@brainpod/model/errors';
import Type from 'typebox';
import { BuildList } from '../../build-schemas.ts';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { BuildIdParameter } from '../../parameters.ts';
import { buildBody } from '../../representations/build.ts';

const DEFAULT_LIMIT = 10;

export const listBuilds = podOperation({
  id: 'listBuilds',
  method: 'GET',
  path: '/v1/pods/{pod}/builds',
  tag: 'builds',
  summary: 'List the builds of a pod, newest first',
  access: { actions: ['builds:read'] },
  query: Type.Object({
    cursor: Type.Optional(BuildIdParameter),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: DEFAULT_LIMIT })),
    repository: Type.Optional(
      Type.String({
        maxLength: 255,
        description: 'the name of an image, or of a repository of code as owner/name',
      }),
    ),
    branch: Type.Optional(Type.String({ maxLength: 255, description: 'the name of a branch' })),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'A page of builds', schema: BuildList } },
  handle: async ({ deps, pod, query }) => {
    const { limit = DEFAULT_LIMIT, ...rest } = query;
    const page = await deps.store.builds.list(pod.id, { limit, ...rest });
    if (page === null) throw new ApiError('BAD_REQUEST', `cursor: pod ${pod.name} has no such build.`);
    const { nextCursor } = page;
    return {
      status: 200,
      body: {
        items: await Promise.all(page.items.map((build) => buildBody(pod.name, build, deps.store))),
        _links: {
          self: links.builds(pod.name, query),
          next: nextCursor === null ? null : links.builds(pod.name, { ...rest, cursor: nextCursor, limit }),
        },
      },
    };
  },
});
