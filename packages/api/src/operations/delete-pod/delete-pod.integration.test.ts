import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import Type from 'typebox';
import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const DAY_MS = 86_400_000;
const remove = (name: string) => ({ method: 'DELETE', path: `/v1/pods/${name}` }) as const;

describeOperation('deletePod', { request: (pod) => remove(pod.name) }, ({ proves }) => {
  proves(200, 'says until when it can be restored; then no operation knows of it', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp(), sampleRoute('web'));
    const head = await api.deploy(pod, 'ready');
    const deleted = (await api.call(remove(pod.name))).as(200, Pod);
    const keptMs = Date.parse(deleted.eraseAfter ?? '') - Date.parse(deleted.deletedAt ?? '');
    expect(keptMs).toBe(7 * DAY_MS);
    expect(deleted.head).toMatchObject({ id: head, status: 'canceled' });
    for (const path of [
      '',
      '/revisions',
      `/revisions/${head}`,
      '/resources',
      '/resources/App/default/web',
      '/limits',
    ]) {
      expect((await api.get(`/v1/pods/${pod.name}${path}`)).error(404).code).toBe('NOT_FOUND');
    }
    for (const path of ['/deploy', '/stop', '/start', '/resources/App/default/web/restart']) {
      (await api.call({ method: 'POST', path: `/v1/pods/${pod.name}${path}` })).error(404);
    }
    expect((await api.call(remove(pod.name))).error(404).code).toBe('NOT_FOUND');
    const listed = (await api.get('/v1/pods')).as(200, Type.Array(Pod));
    expect(listed.map(({ name }) => name)).not.toContain(pod.name);
  });
});
