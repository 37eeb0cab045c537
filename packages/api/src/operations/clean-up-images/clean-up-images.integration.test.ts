import { expect } from 'vitest';
import { DeletedImages } from '../../image-cleanup-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDigest } from '../../testing/sample-image.ts';
import { sampleHeld } from '../../testing/stand-in-keeper.ts';

const clean = (pod: { name: string }) =>
  ({ method: 'POST', path: `/v1/pods/${pod.name}/images/cleanup` }) as const;
const NEW = sampleDigest('c');

describeOperation('cleanUpImages', { request: clean }, ({ proves }) => {
  proves(200, 'deletes what is not needed, and says why, and does no more the second time', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.hold(pod.name, [
      sampleHeld({ tags: ['v1'] }),
      sampleHeld({ digest: NEW, pushedAtMs: Date.now() }),
    ]);
    const answer = (await api.call(clean(pod))).as(200, DeletedImages);
    expect(answer.deleted).toMatchObject([{ digest: sampleDigest('a'), tags: ['v1'] }]);
    expect(answer.deleted[0]?.reason).toContain('pushed more than 30 days ago');
    expect(answer.bytes).toBe(1000);
    expect((await api.imageKeeper.holdings(pod.name)).map(({ digest }) => digest)).toEqual([NEW]);
    expect((await api.call(clean(pod))).as(200, DeletedImages)).toMatchObject({ deleted: [], bytes: 0 });
  });

  proves(200, 'leaves what is pushed again at that moment', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.hold(pod.name, [sampleHeld({ digest: sampleDigest('d') })]);
    api.imageKeeper.pushedAgain.add(sampleDigest('d'));
    expect((await api.call(clean(pod))).as(200, DeletedImages).deleted).toEqual([]);
    expect(await api.imageKeeper.holdings(pod.name)).toHaveLength(1);
  });

  proves(400, 'for parameters that it does not have: a mistyped rehearsal must not delete', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.hold(pod.name, [sampleHeld()]);
    const path = `${clean(pod).path}?dryRun=true`;
    expect((await api.call({ method: 'POST', path })).error(400).code).toBe('BAD_REQUEST');
    expect(await api.imageKeeper.holdings(pod.name)).toHaveLength(1);
  });

  proves(503, 'while the registry does not answer', async (api) => {
    const pod = await api.newPod();
    api.imageKeeper.isAway = true;
    expect((await api.call(clean(pod))).error(503).code).toBe('SERVICE_UNAVAILABLE');
    api.imageKeeper.isAway = false;
  });
});
