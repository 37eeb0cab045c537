import { expect } from 'vitest';
import { BuildList } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { NO_BUILD, newBuild } from '../../testing/sample-build.ts';

const list = (pod: { name: string }, query = '') => `/v1/pods/${pod.name}/builds${query}`;

describeOperation('listBuilds', { request: (pod) => ({ method: 'GET', path: list(pod) }) }, ({ proves }) => {
  proves(200, 'leads through all pages, newest first', async (api) => {
    const pod = await api.newPod();
    const ids = [];
    for (let count = 0; count < 3; count++) ids.unshift((await newBuild(pod, api)).id);
    const first = (await api.get(list(pod, '?limit=2'))).as(200, BuildList);
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = (await api.get(first._links.next?.href ?? '')).as(200, BuildList);
    expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(second._links.next).toBeNull();
  });

  proves(200, 'by image, by code and by branch', async (api) => {
    const pod = await api.newPod();
    const main = await newBuild(pod, api, { 'git.refname': 'refs/heads/main', 'github.repo': 'ada/shop' });
    const other = await newBuild(pod, api);
    const idsOf = async (query: string) =>
      (await api.get(list(pod, query))).as(200, BuildList).items.map(({ id }) => id);
    expect(await idsOf('?repository=web')).toEqual([other.id, main.id]);
    expect(await idsOf('?repository=ada%2Fshop')).toEqual([main.id]);
    expect(await idsOf('?branch=main')).toEqual([main.id]);
    expect(await idsOf('?branch=next')).toEqual([]);
  });

  proves(400, 'says which parameter is wrong', async (api) => {
    const [pod, other] = [await api.newPod(), await api.newPod()];
    const foreign = await newBuild(other, api);
    (await api.get(list(pod, '?limit=51'))).error(400);
    (await api.get(list(pod, '?cursor=x'))).error(400);
    for (const id of [foreign.id, NO_BUILD]) (await api.get(list(pod, `?cursor=${id}`))).error(400);
  });
});
