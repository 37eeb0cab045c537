import { sampleApp, sampleDisk, samplePostgres, sampleRoute } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { Resource, VariableList } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { DOMAIN } from '../../testing/test-api.ts';

describeOperation(
  'listVariables',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}/variables` }) },
  ({ proves }) => {
    proves(200, 'lists what the resources of the pod offer, and never a secret', async (api) => {
      const pod = await api.newPod();
      const path = `/v1/pods/${pod.name}/variables`;
      await api.write(pod, samplePostgres(), sampleDisk(), sampleApp(), sampleRoute());
      const { items, _links } = (await api.get(path)).as(200, VariableList);
      expect(_links).toEqual({ self: { href: path } });
      expect(items.map(({ urn, name, value }) => [urn.replace('urn:brain:', ''), name, value])).toEqual([
        ['route:default:web', 'host', `web-${pod.name}.${DOMAIN}`],
        ['postgres:default:db', 'host', 'db'],
        ['postgres:default:db', 'port', '5432'],
        ['postgres:default:db', 'user', 'brainpod'],
        ['postgres:default:db', 'database', 'brainpod'],
        ['postgres:default:db', 'password', null],
        ['postgres:default:db', 'uri', null],
      ]);
      expect(items.filter(({ secret }) => secret).map(({ name }) => name)).toEqual(['password', 'uri']);
      const db = await api.get(`/v1/pods/${pod.name}/resources/Postgres/default/db`);
      expect(db.as(200, Resource).variables).toEqual(items.slice(1));
    });

    proves(200, 'of a revision, and of what was live at an instant', async (api) => {
      const pod = await api.newPod();
      const path = `/v1/pods/${pod.name}/variables`;
      const first = await api.write(pod, sampleApp(), sampleRoute());
      await api.deploy(pod, 'deployed');
      // The database's clock may be ahead by some milliseconds of rounding.
      const live = encodeURIComponent(new Date(Date.now() + 5).toISOString());
      await api.write(pod, sampleApp('more'), sampleRoute('more'));
      const count = async (query: string) => (await api.get(path + query)).as(200, VariableList).items.length;
      expect(await count('')).toBe(2);
      expect(await count(`?revision=${first}`)).toBe(1);
      expect(await count(`?at=${live}`)).toBe(1);
    });

    proves(200, 'an empty pod has none', async (api) => {
      const pod = await api.newPod();
      expect((await api.get(`/v1/pods/${pod.name}/variables`)).as(200, VariableList).items).toEqual([]);
    });

    proves(400, 'for a wrong instant, and for both', async (api) => {
      const pod = await api.newPod();
      (await api.get(`/v1/pods/${pod.name}/variables?at=now`)).error(400);
      const both = `?at=2026-01-01T00:00:00Z&revision=${pod.head.id}`;
      (await api.get(`/v1/pods/${pod.name}/variables${both}`)).error(400);
    });

    proves(403, 'for another state than the newest without revisions:read', async (api) => {
      const pod = await api.newPod();
      const key = await api.keyFor(['resources:read'], [pod.name]);
      (await api.get(`/v1/pods/${pod.name}/variables`, key)).as(200, VariableList);
      (await api.get(`/v1/pods/${pod.name}/variables?revision=${pod.head.id}`, key)).error(403);
    });

    proves(404, 'for an instant at which nothing was live', async (api) => {
      const pod = await api.newPod();
      (await api.get(`/v1/pods/${pod.name}/variables?at=2026-01-01T00:00:00Z`)).error(404);
    });
  },
);
