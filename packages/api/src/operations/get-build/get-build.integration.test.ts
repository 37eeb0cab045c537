import { expect } from 'vitest';
import { Build } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { NO_BUILD, newBuild, newestBuild, withBuild } from '../../testing/sample-build.ts';

const get = (pod: { name: string }, id: string) =>
  ({ method: 'GET', path: `/v1/pods/${pod.name}/builds/${id}` }) as const;

describeOperation(
  'getBuild',
  { request: (pod) => get(pod, newestBuild(pod)), prepare: withBuild },
  ({ proves }) => {
    proves(200, 'tells how a build goes, from waiting to its image', async (api) => {
      const pod = await api.newPod();
      const { id } = await newBuild(pod, api);
      const path = `/v1/pods/${pod.name}/builds/${id}`;
      expect((await api.get(path)).as(200, Build)).toMatchObject({
        id,
        state: 'waiting',
        _links: { self: { href: path }, log: { href: `${path}/log` }, cancel: { href: `${path}/cancel` } },
      });
      const digest = `sha256:${'b'.repeat(64)}`;
      await api.sql(`update build set state = 'ready', digest = '${digest}', finished_at = now(),
        artifacts = '[{"name": "web", "uri": "r/web@${digest}"}]' where id = '${id}'`);
      expect((await api.get(path)).as(200, Build)).toMatchObject({
        state: 'ready',
        ahead: null,
        image: { digest, reference: `r/web@${digest}` },
      });
    });

    proves(404, 'for what is no build of this pod', async (api) => {
      const [pod, other] = [await api.newPod(), await api.newPod()];
      const foreign = await newBuild(other, api);
      for (const id of [foreign.id, NO_BUILD, 'x', '%00']) (await api.call(get(pod, id))).error(404);
    });
  },
);
