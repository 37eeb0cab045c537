import { BUILD_PATH, buildIn } from '../../build-path.ts';
import { Build } from '../../build-schemas.ts';
import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { buildBody } from '../../representations/build.ts';

export const cancelBuild = podOperation({
  id: 'cancelBuild',
  method: 'POST',
  path: `${BUILD_PATH}/cancel`,
  tag: 'builds',
  summary: 'Cancel a build',
  description: 'One that waits is cancelled at once, one that is being done within seconds.',
  access: { actions: ['builds:create'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  responses: { 202: { description: 'It is cancelled, or about to be', schema: Build } },
  hasPrecondition: true,
  handle: async ({ deps, pod, params, actor }) => {
    const build = await deps.store.builds.requestCancel(pod.id, buildIn(params), actor);
    return { status: 202, body: await buildBody(pod.name, build, deps.store) };
  },
});
