import { hasBuildEnded } from '@brainpod/model/build-state';
import Type from 'typebox';
import { BUILD_PATH, buildIn, noSuchBuild } from '../../build-path.ts';
import { BuildLog } from '../../build-schemas.ts';
import { NO_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';

const DEFAULT_LIMIT = 1000;

export const getBuildLog = podOperation({
  id: 'getBuildLog',
  method: 'GET',
  path: `${BUILD_PATH}/log`,
  tag: 'builds',
  summary: 'Read the log of a build, as it grows',
  description:
    'Ask again with the last `seq` as `after` until `ended`. At most 20,000 entries of a build are kept.',
  access: { actions: ['builds:read'] },
  query: Type.Object({
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_000_000_000, default: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_LIMIT })),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'What was said after that entry', schema: BuildLog } },
  handle: async ({ deps, pod, params, query }) => {
    const { after = 0, limit = DEFAULT_LIMIT } = query;
    // Read before the entries: a build says nothing after it has ended.
    const build = await deps.store.builds.find(pod.id, buildIn(params));
    if (build === null) throw noSuchBuild();
    const items = await deps.store.builds.readLog(build.id, { after, limit: limit + 1 });
    return {
      status: 200,
      body: {
        items: items.slice(0, limit).map((entry) => ({ ...entry, at: entry.at.toISOString() })),
        ended: hasBuildEnded(build.state) && items.length <= limit,
      },
    };
  },
});
