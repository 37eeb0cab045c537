import { expect } from 'vitest';
import { ImageCleanup, SetCleanup } from '../../image-cleanup-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const set = (pod: { name: string }, json: unknown = { keepTags: ['v*'] }) =>
  ({ method: 'PUT', path: `/v1/pods/${pod.name}/images/cleanup`, json }) as const;

describeOperation('setImageCleanup', { request: (pod) => set(pod) }, ({ proves }) => {
  proves(200, 'takes what is sent, and the default of what is not', async (api) => {
    const pod = await api.newPod();
    const first = (await api.call(set(pod, { keepRevisions: 3, keepDays: 0 }))).as(200, SetCleanup);
    expect(first.policy).toEqual({ keepRevisions: 3, keepTags: [], keepDays: 0, daily: false });
    const second = (await api.call(set(pod))).as(200, SetCleanup);
    expect(second.policy).toEqual({ keepRevisions: 10, keepTags: ['v*'], keepDays: 30, daily: false });
    expect(await api.store.imageCleanups.policy(pod.id)).toEqual(second.policy);
    expect(second._links.self).toEqual({ href: set(pod).path });
  });

  proves(200, 'has it run by itself from a day later on, until that is taken back', async (api) => {
    const pod = await api.newPod();
    const show = async () => (await api.call({ method: 'GET', path: set(pod).path })).as(200, ImageCleanup);
    await api.call(set(pod, { daily: true }));
    const { policy, nextAt, last } = await show();
    expect([policy.daily, last]).toEqual([true, null]);
    const hours = (Date.parse(nextAt ?? '') - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
    const done = {
      at: '2026-11-23T12:00:00.000Z',
      planned: 3,
      kept: 4,
      deleted: 2,
      bytes: 1000,
      problem: null,
    };
    await api.store.imageCleanups.settle(pod.id, done, { nextInHours: 24 });
    await api.call(set(pod));
    expect(await show()).toMatchObject({ policy: { daily: false }, nextAt: null, last: done });
  });

  proves(400, 'names all that is wrong, and keeps what was', async (api) => {
    const pod = await api.newPod();
    const wrong = { keepRevisions: 0, keepTags: ['v 1'], keepDays: 3651, daily: 'yes', more: 1 };
    const error = (await api.call(set(pod, wrong))).error(400);
    expect(error.details?.map(({ path }) => path).sort()).toEqual([
      'daily',
      'keepDays',
      'keepRevisions',
      'keepTags[0]',
      'more',
    ]);
    (await api.call(set(pod, { keepTags: Array.from({ length: 51 }, () => 'v1') }))).error(400);
    expect(await api.store.imageCleanups.policy(pod.id)).toBeNull();
  });
});
