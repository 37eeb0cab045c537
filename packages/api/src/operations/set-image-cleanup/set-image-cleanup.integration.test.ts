import { expect } from 'vitest';
import { SetCleanup } from '../../image-cleanup-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const set = (pod: { name: string }, json: unknown = { keepTags: ['v*'] }) =>
  ({ method: 'PUT', path: `/v1/pods/${pod.name}/images/cleanup`, json }) as const;

describeOperation('setImageCleanup', { request: (pod) => set(pod) }, ({ proves }) => {
  proves(200, 'takes what is sent, and the default of what is not', async (api) => {
    const pod = await api.newPod();
    const first = (await api.call(set(pod, { keepRevisions: 3, keepDays: 0 }))).as(200, SetCleanup);
    expect(first.policy).toEqual({ keepRevisions: 3, keepTags: [], keepDays: 0 });
    const second = (await api.call(set(pod))).as(200, SetCleanup);
    expect(second.policy).toEqual({ keepRevisions: 10, keepTags: ['v*'], keepDays: 30 });
    expect(await api.store.imageCleanups.policy(pod.id)).toEqual(second.policy);
    expect(second._links.self).toEqual({ href: set(pod).path });
  });

  proves(400, 'names all that is wrong, and keeps what was', async (api) => {
    const pod = await api.newPod();
    const wrong = { keepRevisions: 0, keepTags: ['v 1'], keepDays: 3651, more: 1 };
    const error = (await api.call(set(pod, wrong))).error(400);
    expect(error.details?.map(({ path }) => path).sort()).toEqual([
      'keepDays',
      'keepRevisions',
      'keepTags[0]',
      'more',
    ]);
    (await api.call(set(pod, { keepTags: Array.from({ length: 51 }, () => 'v1') }))).error(400);
    expect(await api.store.imageCleanups.policy(pod.id)).toBeNull();
  });
});
