import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { ImageCleanup } from '../../image-cleanup-schemas.ts';
import { deployApp, writeApp } from '../../testing/app-of-image.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDigest } from '../../testing/sample-image.ts';
import { sampleHeld } from '../../testing/stand-in-keeper.ts';

const show = (pod: { name: string }) =>
  ({ method: 'GET', path: `/v1/pods/${pod.name}/images/cleanup` }) as const;

describeOperation('getImageCleanup', { request: show }, ({ proves }) => {
  proves(200, 'shows what would go, what would stay, and why, by default too', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.hold(pod.name, [
      sampleHeld({ tags: ['v1'] }),
      sampleHeld({ digest: sampleDigest('b'), pushedAtMs: Date.now() }),
    ]);
    const path = show(pod).path;
    expect((await api.call(show(pod))).as(200, ImageCleanup)).toEqual({
      policy: { keepRevisions: 10, keepTags: [], keepDays: 30, daily: false },
      isDefault: true,
      delete: [
        {
          ...{
            repository: 'web',
            tags: ['v1'],
            digest: sampleDigest('a'),
            pushedAt: '2020-01-01T10:00:00.000Z',
          },
          reason:
            'pushed more than 30 days ago, without a tag that is kept, and not named by the last 10 deployed revisions',
        },
      ],
      keep: [expect.objectContaining({ reason: 'pushed within the last 30 days' })],
      bytes: 1000,
      nextAt: null,
      last: null,
      _links: {
        self: { href: path },
        pod: { href: `/v1/pods/${pod.name}` },
        images: { href: `/v1/pods/${pod.name}/images` },
      },
    });
    expect(await api.imageKeeper.holdings(pod.name)).toHaveLength(2);
  });

  proves(
    200,
    'keeps what the last revisions were made of, what runs and what the draft names',
    async (api) => {
      const pod = await api.newPod();
      await api.store.imageCleanups.setPolicy(
        pod.id,
        { keepRevisions: 2, keepTags: ['kept-*'], keepDays: 30, daily: false },
        TEST_ACTOR,
      );
      const tags = ['one', 'two', 'three', 'four', 'draft'];
      const digests = ['1', '2', '3', '4', '5'].map(sampleDigest);
      for (const [at, tag] of tags.entries()) {
        if (tag === 'draft') await writeApp(api, pod, tag);
        else await deployApp(api, pod, { tag, digest: digests[at] ?? '' });
      }
      // What a tag leads to by now does not matter, but for what the draft will find.
      api.imageKeeper.hold(pod.name, [
        ...digests.slice(0, 4).map((digest) => sampleHeld({ digest })),
        sampleHeld({ digest: sampleDigest('5'), tags: ['draft'] }),
        sampleHeld({ digest: sampleDigest('6'), tags: ['kept-1'] }),
      ]);
      const answer = (await api.call(show(pod))).as(200, ImageCleanup);
      expect(answer.keep.map(({ digest, reason }) => [digest.at(-1), reason])).toEqual([
        ['3', expect.stringMatching(/^revision \d+ names it$/)],
        ['4', expect.stringMatching(/^revision \d+ names it$/)],
        ['5', 'the draft names it'],
        ['6', 'tag kept-1 is like kept-*'],
      ]);
      expect(answer.delete.map(({ digest }) => digest.at(-1))).toEqual(['1', '2']);
      expect(answer.isDefault).toBe(false);
    },
  );

  proves(400, 'for parameters that it does not have', async (api) => {
    const pod = await api.newPod();
    const { path } = show(pod);
    expect((await api.call({ method: 'GET', path: `${path}?dryRun=true` })).error(400).code).toBe(
      'BAD_REQUEST',
    );
  });

  proves(503, 'while the registry does not answer', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.isAway = true;
    expect((await api.call(show(pod))).error(503).code).toBe('SERVICE_UNAVAILABLE');
    api.imageKeeper.isAway = false;
  });
});
