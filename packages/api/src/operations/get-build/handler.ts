import { BUILD_PATH, buildIn, noSuchBuild } from '../../build-path.ts';
import { Build } from '../../build-schemas.ts';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { buildBody } from '../../representations/build.ts';

export const getBuild = podOperation({
  id: 'getBuild',
  method: 'GET',
  path: BUILD_PATH,
  tag: 'builds',
  summary: 'Get a build',
  access: { actions: ['builds:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The build', schema: Build } },
  handle: async ({ deps, pod, params }) => {
    const build = await deps.store.builds.find(pod.id, buildIn(params));
    if (build === null) throw noSuchBuild();
    return { status: 200, body: await buildBody(pod.name, build, deps.store) };
  },
});
