import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import Type from 'typebox';
import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const Pods = Type.Array(Pod);
const list = { method: 'GET', path: '/v1/deleted-pods' } as const;

describeOperation('listDeletedPods', { request: () => list }, ({ proves }) => {
  proves(200, 'shows the deleted pods that the key may read, by name', async (api) => {
    const [one, two, kept] = [await api.newPod(), await api.newPod(), await api.newPod()];
    for (const pod of [one, two]) await api.store.pods.remove(pod.id, TEST_ACTOR);
    const names = (await api.call(list)).as(200, Pods).map(({ name }) => name);
    expect(names).toEqual([one.name, two.name].sort());
    expect(names).not.toContain(kept.name);
    const key = await api.keyFor(['pods:read'], [two.name]);
    expect((await api.call({ ...list, key })).as(200, Pods).map(({ name }) => name)).toEqual([two.name]);
    const writer = await api.keyFor(['pods:write'], [two.name]);
    expect((await api.call({ ...list, key: writer })).as(200, Pods)).toEqual([]);
    expect((await api.call({ ...list, key: api.foreignKey })).as(200, Pods)).toEqual([]);
  });
});
