import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { AuditList } from '../../account-schemas.ts';
import { DeploymentAccepted, Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request } from '../../testing/test-api.ts';

function list(query = '', key?: string): Request {
  return { method: 'GET', path: `/v1/audit${query}`, ...(key === undefined ? {} : { key }) };
}

describeOperation('listAudit', { request: () => list() }, ({ proves }) => {
  proves(200, 'shows who did what to what, with the request that did it, newest first', async (api) => {
    const pod = (await api.call({ method: 'POST', path: '/v1/pods' })).as(201, Pod);
    const resources = `/v1/pods/${pod.name}/resources`;
    const created = await api.call({ method: 'POST', path: resources, json: [sampleApp()] });
    const deploy = await api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy` });
    const { revisionId } = deploy.as(202, DeploymentAccepted);
    const { items } = (await api.call(list('?limit=3'))).as(200, AuditList);
    const common = {
      pod: pod.name,
      actor: { email: 'ada@example.com', keyName: 'test' },
      address: '127.0.0.1',
    };
    expect(items).toMatchObject([
      {
        ...common,
        operation: 'deployPod',
        revision: revisionId,
        requestId: deploy.headers['x-request-id'],
        _links: { revision: { href: `/v1/pods/${pod.name}/revisions/${revisionId}` } },
      },
      {
        ...common,
        operation: 'createResources',
        target: 'urn:brain:app:default:web',
        requestId: created.headers['x-request-id'],
      },
      { ...common, operation: 'createPod', _links: { pod: { href: `/v1/pods/${pod.name}` } } },
    ]);
    expect(items[0]?.actor.keyId).toMatch(/^[0-9a-f-]{36}$/);
  });

  proves(200, 'in pages, each entry once, while new ones are added', async (api) => {
    for (let count = 0; count < 5; count += 1) await api.call({ method: 'POST', path: '/v1/pods' });
    const all = (await api.call(list('?limit=100'))).as(200, AuditList).items.map(({ id }) => id);
    const seen: string[] = [];
    let next: string | null = '/v1/audit?limit=2';
    while (next !== null) {
      const answer = await api.get(next);
      const page = answer.as(200, AuditList);
      seen.push(...page.items.map(({ id }) => id));
      next = page._links.next?.href ?? null;
      const isLast = next === null;
      expect('x-next-cursor' in answer.headers).toBe(!isLast);
      expect(answer.headers.link).toBe(isLast ? undefined : `<${next}>; rel="next"`);
      if (seen.length < 5) await api.call({ method: 'POST', path: '/v1/pods' });
    }
    expect(seen).toEqual(all);
  });

  proves(200, 'only of one operation, or of one time', async (api) => {
    await api.newPod();
    await api.call({ method: 'POST', path: '/v1/pods' });
    const ofOperation = (await api.call(list('?operation=createPod'))).as(200, AuditList);
    expect(new Set(ofOperation.items.map(({ operation }) => operation))).toEqual(new Set(['createPod']));
    const at = ofOperation.items[0]?.at ?? '';
    const since = (await api.call(list(`?operation=createPod&from=${at}`))).as(200, AuditList);
    expect(since.items.map((item) => item.at >= at)).toEqual([true]);
    const before = (await api.call(list(`?operation=createPod&to=${at}`))).as(200, AuditList);
    expect(before.items).toHaveLength(ofOperation.items.length - 1);
  });

  proves(200, 'shows nothing of another account', async (api) => {
    await api.call({ method: 'POST', path: '/v1/pods' });
    const foreign = (await api.call(list('?limit=100', api.foreignKey))).as(200, AuditList);
    expect(foreign.items).toEqual([]);
  });

  proves(400, 'for parameters that are none', async (api) => {
    for (const query of ['?cursor=x', '?limit=0', '?limit=101', '?from=yesterday', '?cursor=-1']) {
      expect((await api.call(list(query))).error(400).code).toBe('BAD_REQUEST');
    }
  });
});
