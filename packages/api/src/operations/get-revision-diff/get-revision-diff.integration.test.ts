import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { RevisionDiff } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { DOMAIN } from '../../testing/test-api.ts';

describeOperation(
  'getRevisionDiff',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}/revisions/${pod.head.id}/diff` }) },
  ({ proves }) => {
    proves(200, 'compares with the parent, with any other revision, and with nothing', async (api) => {
      const pod = await api.newPod();
      const first = await api.write(pod, sampleApp('web'), sampleApp('gone'));
      await api.deploy(pod, 'deployed');
      const rules = { domain: DOMAIN, check: () => [], actor: TEST_ACTOR };
      const second = await api.write(pod, sampleConfig());
      const document = sampleApp('web', { image: 'nginx:1.30' });
      await api.store.drafts.write(pod.id, { type: 'replace', document }, rules);
      await api.store.drafts.write(pod.id, { type: 'delete', kind: 'App', name: 'gone' }, rules);

      const revisions = `/v1/pods/${pod.name}/revisions`;
      const diff = (await api.get(`${revisions}/${second}/diff`)).as(200, RevisionDiff);
      expect(diff).toMatchObject({ revision: second, base: first });
      expect(diff.entries.map(({ kind, name, changeType }) => `${changeType} ${kind} ${name}`)).toEqual([
        'delete App gone',
        'update App web',
        'create Config settings',
      ]);
      expect(diff.entries[1]?.patch).toContain('-  image: nginx:1.29\n+  image: nginx:1.30\n');
      expect(diff.entries.map(({ _links }) => _links.self.href)).toEqual([
        `/v1/pods/${pod.name}/resources/App/default/gone?revision=${first}`,
        `/v1/pods/${pod.name}/resources/App/default/web?revision=${second}`,
        `/v1/pods/${pod.name}/resources/Config/default/settings?revision=${second}`,
      ]);
      expect(diff._links).toEqual({
        self: { href: `${revisions}/${second}/diff` },
        revision: { href: `${revisions}/${second}` },
      });

      const back = (await api.get(`${revisions}/${first}/diff?base=${second}`)).as(200, RevisionDiff);
      expect(back).toMatchObject({ revision: first, base: second });
      expect(back.entries.map(({ changeType }) => changeType)).toEqual(['create', 'update', 'delete']);
      expect(back._links.self.href).toBe(`${revisions}/${first}/diff?base=${second}`);

      const all = (await api.get(`${revisions}/${first}/diff`)).as(200, RevisionDiff);
      expect(all).toMatchObject({
        base: null,
        entries: [{ changeType: 'create' }, { changeType: 'create' }],
      });
    });

    proves(400, 'for a base that is no id', async (api) => {
      const pod = await api.newPod();
      const error = (await api.get(`/v1/pods/${pod.name}/revisions/${pod.head.id}/diff?base=1`)).error(400);
      expect(error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: 'base' }] });
    });

    proves(404, 'for revisions of other pods, on either side', async (api) => {
      const [pod, other] = [await api.newPod(), await api.newPod()];
      const revisions = `/v1/pods/${pod.name}/revisions`;
      (await api.get(`${revisions}/${other.head.id}/diff`)).error(404);
      (await api.get(`${revisions}/${pod.head.id}/diff?base=${other.head.id}`)).error(404);
    });
  },
);
