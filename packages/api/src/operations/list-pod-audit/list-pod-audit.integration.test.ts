import { platformActor } from '@brainpod/store/audit';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { AuditList } from '../../account-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request } from '../../testing/test-api.ts';

function list(pod: PodRecord, query = ''): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/audit${query}` };
}

describeOperation('listPodAudit', { request: (pod) => list(pod) }, ({ proves }) => {
  proves(200, 'shows what was done to the pod, and nothing of others', async (api) => {
    const [pod, other] = [await api.newPod(), await api.newPod()];
    const create = (name: string) => ({
      method: 'POST' as const,
      path: `/v1/pods/${name}/resources`,
      json: [sampleApp()],
    });
    await api.call(create(pod.name));
    await api.call(create(other.name));
    await api.call({ method: 'DELETE', path: `/v1/pods/${pod.name}/resources/App/default/web` });
    const { items, _links } = (await api.call(list(pod, '?limit=2'))).as(200, AuditList);
    expect(items.map(({ operation }) => operation)).toEqual(['deleteResource', 'createResources']);
    expect(items.every((item) => item.pod === pod.name)).toBe(true);
    expect(_links.next?.href).toBe(`/v1/pods/${pod.name}/audit?limit=2&cursor=${items[1]?.id}`);
  });

  proves(200, 'shows what the platform did by itself', async (api) => {
    const pod = await api.newPod();
    await api.store.transact(async (store) => {
      const rules = { domain: 'example.test', check: () => [], actor: platformActor('upgradeImages') };
      await store.drafts.write(pod.id, { type: 'create', documents: [sampleApp()] }, rules);
    });
    const { items } = (await api.call(list(pod, '?limit=1'))).as(200, AuditList);
    expect(items).toMatchObject([
      { operation: 'upgradeImages', actor: { email: null, keyId: null }, requestId: null, address: null },
    ]);
  });

  proves(400, 'for parameters that are none', async (api) => {
    expect((await api.call(list(await api.newPod(), '?limit=none'))).error(400).code).toBe('BAD_REQUEST');
  });
});
