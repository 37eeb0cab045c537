import { expect } from 'vitest';
import { Source } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { SAMPLE_FILE } from '../../testing/sample-build.ts';
import { digestOf } from '../../testing/stand-in-sources.ts';

const ask = (pod: { name: string }, files: unknown) =>
  ({ method: 'POST', path: `/v1/pods/${pod.name}/sources`, json: { files } }) as const;

describeOperation('createSource', { request: (pod) => ask(pod, [SAMPLE_FILE]) }, ({ proves }) => {
  proves(
    200,
    'says which files the pod has not, and gives the same source whatever the order',
    async (api) => {
      const pod = await api.newPod();
      const files = [SAMPLE_FILE, { path: 'latest', link: 'index.js' }];
      const first = (await api.call(ask(pod, files))).as(200, Source);
      expect(first).toMatchObject({ files: 2, bytes: 4, missing: [digestOf('code')] });
      await api.sources.receive(pod.id, chunks('code'));
      const second = (await api.call(ask(pod, [...files].reverse()))).as(200, Source);
      expect(second).toEqual({ ...first, missing: [] });
      const other = await api.newPod();
      expect((await api.call(ask(other, files))).as(200, Source).missing).toEqual([digestOf('code')]);
    },
  );

  proves(200, 'takes a list that is larger than other bodies may be', async (api) => {
    const files = Array.from({ length: 40_000 }, (_, index) => ({ ...SAMPLE_FILE, path: `src/${index}.js` }));
    const pod = await api.newPod();
    expect((await api.call(ask(pod, files))).as(200, Source)).toMatchObject({
      files: 40_000,
      bytes: 160_000,
    });
  });

  proves(400, 'for paths and links that lead out, all at once', async (api) => {
    const pod = await api.newPod();
    const files = [
      { ...SAMPLE_FILE, path: '../../etc/cron.d/x' },
      { ...SAMPLE_FILE, path: '/etc/passwd' },
      { path: 'link', link: '/etc' },
      SAMPLE_FILE,
    ];
    const error = (await api.call(ask(pod, files))).error(400);
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.details?.map(({ path }) => path)).toEqual([
      'files[0].path',
      'files[1].path',
      'files[2].link',
    ]);
    const [up] = [{ path: 'link', link: '../x' }];
    expect((await api.call(ask(pod, [up]))).error(400).details).toMatchObject([{ path: 'files[0].link' }]);
    for (const none of [[], {}, null, 'x']) (await api.call(ask(pod, none))).error(400);
    (await api.call({ ...ask(pod, []), json: { files: [SAMPLE_FILE], more: 1 } })).error(400);
  });
});

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
