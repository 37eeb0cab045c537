import type { PodRecord } from '@brainpod/store/pods';
import { expect } from 'vitest';
import { DeletedImages } from '../../image-cleanup-schemas.ts';
import { deployApp } from '../../testing/app-of-image.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDigest } from '../../testing/sample-image.ts';
import { sampleHeld } from '../../testing/stand-in-keeper.ts';
import type { TestApi } from '../../testing/test-api.ts';

const remove = (pod: { name: string }, reference = 'v1', repository = 'web') => {
  const query = new URLSearchParams({ repository, reference });
  return { method: 'DELETE', path: `/v1/pods/${pod.name}/images?${query}` } as const;
};
const A = sampleDigest('a');
const B = sampleDigest('b');
const left = async (api: TestApi, pod: { name: string }) =>
  (await api.imageKeeper.holdings(pod.name)).map(({ digest, tags }) => [digest.at(-1), ...tags]);
const prepare = async (pod: PodRecord, api: TestApi) =>
  api.imageKeeper.hold(pod.name, [sampleHeld({ tags: ['v1'] })]);

describeOperation('deletePodImage', { request: (pod) => remove(pod), prepare }, ({ proves }) => {
  proves(200, 'deletes an image with its only tag', async (api) => {
    const pod = await api.newPod();
    await prepare(pod, api);
    const answer = (await api.call(remove(pod))).as(200, DeletedImages);
    expect(answer).toMatchObject({ deleted: [{ digest: A, tags: ['v1'] }], untagged: null, bytes: 1000 });
    expect(await left(api, pod)).toEqual([]);
  });

  proves(200, 'takes one of several tags away, and leaves the image; by its digest all go', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.hold(pod.name, [sampleHeld({ tags: ['v1', 'v2'] })]);
    const answer = (await api.call(remove(pod))).as(200, DeletedImages);
    expect(answer).toMatchObject({ deleted: [], untagged: { repository: 'web', tag: 'v1' }, bytes: 0 });
    expect(await left(api, pod)).toEqual([['a', 'v2']]);
    (await api.call(remove(pod, A))).as(200, DeletedImages);
    expect(await left(api, pod)).toEqual([]);
  });

  proves(200, 'takes along what it is made of and what is about it, and nothing of others', async (api) => {
    const pod = await api.newPod();
    const [shared, own, signature, other] = ['c', 'd', 'e', 'f'].map(sampleDigest);
    api.imageKeeper.hold(pod.name, [
      sampleHeld({ tags: ['v1'], parts: [shared ?? '', own ?? ''] }),
      sampleHeld({ digest: B, tags: ['v2'], parts: [shared ?? ''] }),
      sampleHeld({ digest: shared ?? '' }),
      sampleHeld({ digest: own ?? '' }),
      sampleHeld({ digest: signature ?? '', subject: own ?? '' }),
      sampleHeld({ digest: other ?? '', repository: 'other', subject: own ?? '' }),
    ]);
    const answer = (await api.call(remove(pod))).as(200, DeletedImages);
    expect(answer.deleted.map(({ digest }) => digest.at(-1)).sort()).toEqual(['a', 'd', 'e']);
    expect(await left(api, pod)).toEqual([['b', 'v2'], ['c'], ['f']]);
  });

  proves(412, 'for what is deployed, until another image is', async (api) => {
    const pod = await api.newPod();
    await deployApp(api, pod, { tag: 'v1', digest: A });
    const both = [sampleHeld({ tags: ['v1'] }), sampleHeld({ digest: B, tags: ['v2'] })];
    api.imageKeeper.hold(pod.name, both);
    expect((await api.call(remove(pod))).error(412).message).toMatch(
      /^web@sha256:a+ is what revision \d+ runs/,
    );
    expect(await left(api, pod)).toHaveLength(2);
    await deployApp(api, pod, { tag: 'v2', digest: B });
    (await api.call(remove(pod))).as(200, DeletedImages);
    expect(await left(api, pod)).toEqual([['b', 'v2']]);
  });

  proves(412, 'for what an index is made of', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.hold(pod.name, [sampleHeld({ tags: ['v1'], parts: [B] }), sampleHeld({ digest: B })]);
    expect((await api.call(remove(pod, B))).error(412).message).toContain('part of web:v1');
    expect(await left(api, pod)).toHaveLength(2);
  });

  proves(404, 'for an image that there is not', async (api) => {
    const pod = await api.newPod();
    await prepare(pod, api);
    for (const [reference, repository] of [['v2'], ['v1', 'other'], [B]] as const) {
      expect((await api.call(remove(pod, reference, repository))).error(404).code).toBe('NOT_FOUND');
    }
    expect(await left(api, pod)).toHaveLength(1);
  });

  proves(400, 'for wrong parameters', async (api) => {
    const pod = await api.newPod();
    await prepare(pod, api);
    for (const query of [
      '',
      '?repository=web',
      '?repository=web&reference=',
      '?repository=web&reference=v1&all=1',
    ]) {
      const path = `/v1/pods/${pod.name}/images${query}`;
      expect((await api.call({ method: 'DELETE', path })).error(400).code).toBe('BAD_REQUEST');
    }
    expect(await left(api, pod)).toHaveLength(1);
  });

  proves(503, 'while the registry does not answer', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.isAway = true;
    expect((await api.call(remove(pod))).error(503).code).toBe('SERVICE_UNAVAILABLE');
    api.imageKeeper.isAway = false;
  });
});
