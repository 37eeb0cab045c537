import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import Type from 'typebox';
import { expect } from 'vitest';
import { PullKey } from '../../registry-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const list = { method: 'GET', path: '/v1/operator/pull-keys' } as const;

describeOperation('listPullKeys', { request: () => list }, ({ proves }) => {
  proves(200, 'shows which are accepted, until when, and how many pods wait for a newer one', async (api) => {
    const shown = async () => (await api.call(list)).as(200, Type.Array(PullKey));
    const [first] = await shown();
    expect(first).toEqual({
      id: expect.any(Number),
      madeAt: expect.any(String),
      pods: 0,
      refusedAfter: null,
    });
    const pod = await api.newPod();
    await api.store.reconciler.holdPullKey(pod.id, first?.id ?? 0);
    const { id } = await api.store.pullKeys.rotate(TEST_ACTOR);
    expect(await shown()).toMatchObject([
      { pods: 1, refusedAfter: null },
      { id, pods: 0 },
    ]);
    await api.store.reconciler.holdPullKey(pod.id, id);
    const now = new Date();
    await api.store.pullKeys.keep(now, { maxAgeMs: 60_000, graceMs: 1000 });
    const refusedAfter = new Date(now.getTime() + 1000).toISOString();
    expect(await shown()).toMatchObject([
      { id: first?.id, pods: 0, refusedAfter },
      { id, pods: 1, refusedAfter: null },
    ]);
  });

  proves(200, 'shows nothing that a password could be made of', async (api) => {
    const answer = await api.call(list);
    const salts = (await api.store.pullKeys.list()).flatMap(({ salt }) =>
      (['hex', 'base64', 'base64url'] as const).map((encoding) => salt.toString(encoding)),
    );
    for (const salt of salts) expect(JSON.stringify(answer.body)).not.toContain(salt);
    expect(salts.length).toBeGreaterThan(0);
  });
});
