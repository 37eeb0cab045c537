import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { RevisionList } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { TestApi } from '../../testing/test-api.ts';

async function podWithRevisions(api: TestApi, count: number) {
  const pod = await api.newPod();
  for (let index = 0; index < count; index++) {
    await api.write(pod, sampleApp(`app-${index}`));
    await api.deploy(pod, 'deployed');
  }
  return { pod, path: `/v1/pods/${pod.name}/revisions` };
}

describeOperation(
  'listRevisions',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}/revisions` }) },
  ({ proves }) => {
    proves(200, 'leads through all pages, newest first, by cursor, header and link', async (api) => {
      const { path } = await podWithRevisions(api, 5);
      const first = await api.get(`${path}?limit=2`);
      const page = first.as(200, RevisionList);
      expect(page.items.map(({ version }) => version)).toEqual([5, 4]);
      const cursor = page.items[1]?.id;
      expect(first.headers['x-next-cursor']).toBe(cursor);
      expect(page._links).toEqual({
        self: { href: `${path}?limit=2` },
        next: { href: `${path}?cursor=${cursor}&limit=2` },
      });
      expect(first.headers.link).toBe(`<${page._links.next?.href}>; rel="next"`);
      const second = (await api.get(page._links.next?.href ?? '')).as(200, RevisionList);
      expect(second.items.map(({ version }) => version)).toEqual([3, 2]);
      const last = await api.get(second._links.next?.href ?? '');
      expect(last.as(200, RevisionList)).toMatchObject({ items: [{ version: 1 }], _links: { next: null } });
      expect(last.headers).not.toHaveProperty('link');
      expect(last.headers).not.toHaveProperty('x-next-cursor');
    });

    proves(200, 'shows ten by default, and flags of the latest and the deployed one', async (api) => {
      const { pod, path } = await podWithRevisions(api, 11);
      await api.write(pod, sampleApp('draft'));
      const { items } = (await api.get(path)).as(200, RevisionList);
      expect(items).toHaveLength(10);
      expect(items.slice(0, 3)).toMatchObject([
        { version: 12, state: 'draft', isLatest: true, isDeployed: false },
        { version: 11, state: 'deployed', isLatest: false, isDeployed: true },
        { version: 10, state: 'deployed', isLatest: false, isDeployed: false },
      ]);
      expect(items[0]).toMatchObject({
        parent: items[1]?.id,
        _links: {
          self: { href: `${path}/${items[0]?.id}` },
          pod: { href: `/v1/pods/${pod.name}` },
          resources: { href: `/v1/pods/${pod.name}/resources?revision=${items[0]?.id}` },
        },
      });
    });

    proves(400, 'says which parameter is wrong', async (api) => {
      const { path } = await podWithRevisions(api, 1);
      for (const limit of ['0', '51', 'ten', '1.5', '', '1e1', '99999999999999999999', '1&limit=2']) {
        const error = (await api.get(`${path}?limit=${limit}`)).error(400);
        expect(error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: 'limit' }] });
      }
      const error = (await api.get(`${path}?cursor=newest`)).error(400);
      expect(error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: 'cursor' }] });
    });

    proves(400, "refuses a cursor of another pod's", async (api) => {
      const { path } = await podWithRevisions(api, 1);
      const other = await api.newPod();
      expect((await api.get(`${path}?cursor=${other.head.id}`)).error(400).code).toBe('BAD_REQUEST');
    });
  },
);
