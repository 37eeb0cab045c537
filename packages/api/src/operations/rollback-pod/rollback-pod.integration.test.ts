import { randomUUID } from 'node:crypto';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { waitFor } from '@brainpod/testkit/wait-for';
import { expect } from 'vitest';
import { DeploymentAccepted, RevisionDetail } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { REGISTRY_HOST, type Request, type TestApi } from '../../testing/test-api.ts';

function rollback(pod: PodRecord, json: unknown, query = ''): Request {
  return { method: 'POST', path: `/v1/pods/${pod.name}/rollback${query}`, json };
}

/** A pod on which first one App, then one more was deployed. */
async function podWithHistory(api: TestApi): Promise<{ pod: PodRecord; first: string; second: string }> {
  const pod = await api.newPod();
  await api.write(pod, sampleApp());
  const first = await api.deploy(pod, 'deployed');
  await api.write(pod, sampleApp('more'));
  return { pod, first, second: await api.deploy(pod, 'deployed') };
}

describeOperation(
  'rollbackPod',
  { request: (pod) => rollback(pod, { revision: randomUUID() }) },
  ({ proves }) => {
    proves(202, 'makes a new revision with what the old one holds', async (api) => {
      const { pod, first, second } = await podWithHistory(api);
      const answer = (await api.call(rollback(pod, { revision: first }))).as(202, DeploymentAccepted);
      expect(answer).toMatchObject({ state: 'pending', error: null });
      const path = `/v1/pods/${pod.name}/revisions/${answer.revisionId}`;
      const made = (await api.get(path)).as(200, RevisionDetail);
      expect(made).toMatchObject({ parent: second, version: 3, summary: 'Roll back to version 1' });
      expect(made.resources.map(({ urn }) => urn)).toEqual(['urn:brain:app:default:web']);
    });

    proves(200, 'answers as soon as it is deployed, while watching', async (api) => {
      const { pod, first } = await podWithHistory(api);
      const watching = api.call(rollback(pod, { revision: first, summary: 'Back' }, '?watch=20'));
      const target = async () => (await api.store.reconciler.loadPod(pod.id))?.target?.revisionId;
      const made = await waitFor(target, { timeoutMs: 5000, what: 'the rollback to begin' });
      await api.finish(made, 'deployed');
      expect((await watching).as(200, DeploymentAccepted)).toMatchObject({
        revisionId: made,
        state: 'deployed',
      });
      expect((await api.store.revisions.find(pod.id, made))?.summary).toBe('Back');
    });

    proves(202, 'goes back to what failed or was canceled, too', async (api) => {
      const { pod } = await podWithHistory(api);
      await api.write(pod, sampleConfig());
      const failed = await api.deploy(pod, 'failed');
      (await api.call(rollback(pod, { revision: failed }))).as(202, DeploymentAccepted);
      const draft = await api.write(pod, sampleRoute());
      const call = { method: 'POST', path: `/v1/pods/${pod.name}/revisions/${draft}/cancel` } as const;
      (await api.call(call)).as(200, DeploymentAccepted);
      const { revisionId } = (await api.call(rollback(pod, { revision: draft }))).as(202, DeploymentAccepted);
      expect((await api.store.resources.list(revisionId)).map(({ kind }) => kind)).toContain('Route');
    });

    proves(412, 'while the draft holds changes, which are named, until it may be discarded', async (api) => {
      const { pod, first } = await podWithHistory(api);
      const draft = await api.write(pod, sampleConfig());
      const error = (await api.call(rollback(pod, { revision: first }))).error(412);
      expect(error).toMatchObject({
        code: 'PRECONDITION_FAILED',
        details: [{ path: 'Config/settings', message: 'New in the draft' }],
      });
      expect(error.message).toContain('"discardDraft": true');
      const again = rollback(pod, { revision: first, discardDraft: true });
      (await api.call(again)).as(202, DeploymentAccepted);
      const kept = (await api.get(`/v1/pods/${pod.name}/revisions/${draft}`)).as(200, RevisionDetail);
      expect(kept).toMatchObject({ state: 'canceled', isLatest: false });
      expect(kept.resources).toHaveLength(3);
    });

    proves(412, 'while the pod is stopped', async (api) => {
      const { pod, first } = await podWithHistory(api);
      await api.store.pods.stop(pod.id, TEST_ACTOR);
      const error = (await api.call(rollback(pod, { revision: first }))).error(412);
      expect(error.message).toContain('is stopped. Start it first');
    });

    proves(412, 'to the draft itself', async (api) => {
      const { pod } = await podWithHistory(api);
      const draft = await api.write(pod, sampleConfig());
      const error = (await api.call(rollback(pod, { revision: draft, discardDraft: true }))).error(412);
      expect(error.message).toContain('is the draft');
    });

    proves(400, 'when what was good then is not allowed any more', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp('web', { image: `${REGISTRY_HOST}/elsewhere/x` }));
      const first = await api.deploy(pod, 'failed');
      const error = (await api.call(rollback(pod, { revision: first }))).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'App/web.spec.image' }] });
    });

    proves(400, 'when a domain belongs to another pod by now', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp(), sampleRoute('web', { domains: ['gone.example.com'] }));
      const first = await api.deploy(pod, 'deployed');
      const deletion = `/v1/pods/${pod.name}/resources/Route/default/web`;
      expect((await api.call({ method: 'DELETE', path: deletion })).status).toBe(200);
      await api.deploy(pod, 'deployed');
      const other = await api.newPod();
      await api.write(other, sampleApp(), sampleRoute('web', { domains: ['gone.example.com'] }));
      expect(await api.store.domains.hold(other.id, 'gone.example.com', new Date())).toBe(true);
      const error = (await api.call(rollback(pod, { revision: first }))).error(400);
      expect(error.details?.map(({ path }) => path)).toEqual(['Route/web.spec.domains[0]']);
    });

    proves(400, 'for a body that is none, or has faults, and for a wrong watch', async (api) => {
      const { pod, first } = await podWithHistory(api);
      const { method, path } = rollback(pod, {});
      expect((await api.call({ method, path })).error(400).code).toBe('BAD_REQUEST');
      for (const json of [
        {},
        { revision: 'x' },
        { revision: first, draft: true },
        { revision: first, discardDraft: 'yes' },
      ]) {
        expect((await api.call(rollback(pod, json))).error(400).code).toBe('VALIDATION_ERROR');
      }
      (await api.call(rollback(pod, { revision: first }, '?watch=21'))).error(400);
    });

    proves(404, "for a revision of another pod, or none's", async (api) => {
      const { pod } = await podWithHistory(api);
      const other = await podWithHistory(api);
      for (const revision of [other.first, randomUUID()]) {
        expect((await api.call(rollback(pod, { revision }))).error(404).code).toBe('NOT_FOUND');
      }
    });
  },
);
