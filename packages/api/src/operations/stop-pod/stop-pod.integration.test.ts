import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const stop = (name: string) => ({ method: 'POST', path: `/v1/pods/${name}/stop` }) as const;

describeOperation('stopPod', { request: (pod) => stop(pod.name) }, ({ proves }) => {
  proves(
    200,
    'says since when; nothing can be deployed meanwhile, and drafts can be changed',
    async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      const live = await api.deploy(pod, 'deployed');
      const stopped = (await api.call(stop(pod.name))).as(200, Pod);
      expect(stopped).toMatchObject({ stoppedAt: expect.any(String), deployed: { id: live } });
      // Again, it is stopped since the same instant.
      expect((await api.call(stop(pod.name))).as(200, Pod)).toEqual(stopped);
      await api.write(pod, sampleApp('two'));
      const path = `/v1/pods/${pod.name}`;
      for (const refused of [
        { path: `${path}/deploy` },
        { path: `${path}/redeploy` },
        { path: `${path}/rollback`, json: { revision: live, discardDraft: true } },
        { path: `${path}/resources/App/default/web/restart` },
      ]) {
        const error = (await api.call({ method: 'POST', ...refused })).error(412);
        expect(error).toMatchObject({
          code: 'PRECONDITION_FAILED',
          message: expect.stringContaining('stopped'),
        });
      }
    },
  );

  proves(412, 'while a deploy is on its way', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const id = await api.deploy(pod, 'ready');
    const error = (await api.call(stop(pod.name))).error(412);
    expect(error).toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('on its way'),
    });
    await api.finish(id, 'failed');
    expect((await api.call(stop(pod.name))).as(200, Pod).stoppedAt).not.toBeNull();
  });
});
