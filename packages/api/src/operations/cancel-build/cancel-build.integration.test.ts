import { expect } from 'vitest';
import { Build } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { NO_BUILD, newBuild, newestBuild, withBuild } from '../../testing/sample-build.ts';

const cancel = (pod: { name: string }, id: string) =>
  ({ method: 'POST', path: `/v1/pods/${pod.name}/builds/${id}/cancel` }) as const;

describeOperation(
  'cancelBuild',
  { request: (pod) => cancel(pod, newestBuild(pod)), prepare: withBuild },
  ({ proves }) => {
    proves(202, 'cancels one that waits at once, and asks for one that runs', async (api) => {
      const pod = await api.newPod();
      const waiting = await newBuild(pod, api);
      const running = await newBuild(pod, api);
      await api.sql(
        `update build set state = 'pending', attempts = 1, started_at = now() where id = '${running.id}'`,
      );
      expect((await api.call(cancel(pod, waiting.id))).as(202, Build).state).toBe('cancelled');
      expect((await api.call(cancel(pod, running.id))).as(202, Build).state).toBe('pending');
      expect(await api.store.builds.appendLog({ id: running.id, attempt: 1 }, [])).toEqual({
        cancelRequested: true,
      });
    });

    proves(400, 'for a body or a query, which it does not have', async (api) => {
      const pod = await api.newPod();
      const { id } = await newBuild(pod, api);
      (await api.call({ ...cancel(pod, id), json: { why: 'x' } })).error(400);
      (await api.call({ ...cancel(pod, id), path: `${cancel(pod, id).path}?now=1` })).error(400);
    });

    proves(404, 'for what is no build of this pod', async (api) => {
      const [pod, other] = [await api.newPod(), await api.newPod()];
      const foreign = await newBuild(other, api);
      for (const id of [foreign.id, NO_BUILD, 'x']) (await api.call(cancel(pod, id))).error(404);
      expect((await api.store.builds.find(other.id, foreign.id))?.state).toBe('waiting');
    });

    proves(412, 'for one that is over', async (api) => {
      const pod = await api.newPod();
      const { id } = await newBuild(pod, api);
      await api.call(cancel(pod, id));
      expect((await api.call(cancel(pod, id))).error(412).message).toContain('cancelled');
    });
  },
);
