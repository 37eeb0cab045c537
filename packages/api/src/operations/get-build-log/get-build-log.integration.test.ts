import { expect } from 'vitest';
import { BuildLog } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { NO_BUILD, newBuild, newestBuild, withBuild } from '../../testing/sample-build.ts';

const read = (pod: { name: string }, id: string, query = '') =>
  ({ method: 'GET', path: `/v1/pods/${pod.name}/builds/${id}/log${query}` }) as const;

describeOperation(
  'getBuildLog',
  { request: (pod) => read(pod, newestBuild(pod)), prepare: withBuild },
  ({ proves }) => {
    proves(200, 'leads through all that was said, and says when that is all', async (api) => {
      const pod = await api.newPod();
      const { id } = await newBuild(pod, api);
      const log = async (query: string) => (await api.call(read(pod, id, query))).as(200, BuildLog);
      expect(await log('')).toEqual({ items: [], ended: false });
      await api.sql(
        `update build set state = 'pending', attempts = 1, started_at = now() where id = '${id}'`,
      );
      await api.store.builds.appendLog({ id, attempt: 1 }, [
        { kind: 'step-started', step: '1', name: 'install' },
        { kind: 'log', step: '1', name: 'install', line: 'added 3 packages' },
        { kind: 'step-done', step: '1', name: 'install', durationMs: 1200, cached: false },
      ]);
      expect(await log('?limit=2')).toMatchObject({
        items: [{ seq: 1 }, { seq: 2, line: 'added 3 packages' }],
      });
      expect(await log('?after=2')).toMatchObject({ items: [{ seq: 3, durationMs: 1200 }], ended: false });
      await api.sql(`update build set state = 'cancelled', finished_at = now() where id = '${id}'`);
      expect((await log('?limit=2')).ended).toBe(false);
      expect((await log('?limit=3')).ended).toBe(true);
      expect(await log('?after=3')).toEqual({ items: [], ended: true });
    });

    proves(400, 'says which parameter is wrong', async (api) => {
      const pod = await api.newPod();
      const { id } = await newBuild(pod, api);
      for (const [path, query] of Object.entries({ after: '?after=-1', limit: '?limit=1001' })) {
        expect((await api.call(read(pod, id, query))).error(400).details).toMatchObject([{ path }]);
      }
    });

    proves(404, 'for what is no build of this pod', async (api) => {
      const [pod, other] = [await api.newPod(), await api.newPod()];
      const foreign = await newBuild(other, api);
      for (const id of [foreign.id, NO_BUILD, 'x']) (await api.call(read(pod, id))).error(404);
    });
  },
);
