import { expect } from 'vitest';
import { PullKey } from '../../registry-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const rotate = { method: 'POST', path: '/v1/operator/pull-keys' } as const;

describeOperation('rotatePullKey', { request: () => rotate }, ({ proves }) => {
  proves(201, 'makes one more, which pods are given, and leaves the others as they are', async (api) => {
    const before = await api.store.pullKeys.list();
    const made = (await api.call(rotate)).as(201, PullKey);
    expect(made).toMatchObject({ pods: 0, refusedAfter: null });
    const after = await api.store.pullKeys.list();
    expect(after.slice(0, -1)).toEqual(before);
    expect(after.at(-1)?.id).toBe(made.id);
    const pod = await api.newPod();
    expect((await api.store.reconciler.loadPod(pod.id))?.pullKey.newest.id).toBe(made.id);
  });

  proves(201, 'makes no second one where the request is repeated', async (api) => {
    const request = { ...rotate, headers: { 'idempotency-key': 'once' } };
    const made = (await api.call(request)).as(201, PullKey);
    expect((await api.call(request)).as(201, PullKey)).toEqual(made);
  });

  proves(400, 'takes neither a body nor query parameters', async (api) => {
    (await api.call({ ...rotate, json: { at: 'once' } })).error(400);
    (await api.call({ ...rotate, path: '/v1/operator/pull-keys?dryRun=true' })).error(400);
  });
});
