import Type from 'typebox';
import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const Pods = Type.Array(Pod);

describeOperation('listPods', { request: () => ({ method: 'GET', path: '/v1/pods' }) }, ({ proves }) => {
  proves(200, 'shows the pods of the account, by name', async (api) => {
    const made = [await api.newPod(), await api.newPod(), await api.newPod()];
    const pods = (await api.get('/v1/pods')).as(200, Pods);
    const names = pods.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(made.map(({ name }) => name)));
    expect(names).toEqual(names.toSorted());
    expect((await api.get('/v1/pods', api.foreignKey)).as(200, Pods)).toEqual([]);
  });

  proves(200, 'leaves out what the key may not read', async (api) => {
    const [one, other] = [await api.newPod(), await api.newPod()];
    const key = await api.keyFor(['pods:read'], [one.name]);
    expect((await api.get('/v1/pods', key)).as(200, Pods).map(({ name }) => name)).toEqual([one.name]);
    const noReader = await api.keyFor(['revisions:deploy'], [other.name]);
    expect((await api.get('/v1/pods', noReader)).as(200, Pods)).toEqual([]);
  });
});
