import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { Resource } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { DOMAIN } from '../../testing/test-api.ts';

describeOperation(
  'getResource',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}/resources/App/default/web` }) },
  ({ proves }) => {
    proves(200, 'shows the newest state, or that of a revision', async (api) => {
      const pod = await api.newPod();
      const path = `/v1/pods/${pod.name}/resources/App/default/web`;
      const first = await api.write(pod, sampleApp());
      await api.deploy(pod, 'deployed');
      const document = sampleApp('web', { image: 'nginx:1.30' });
      await api.store.drafts.write(
        pod.id,
        { type: 'replace', document },
        { domain: DOMAIN, check: () => [], actor: TEST_ACTOR },
      );
      expect((await api.get(path)).as(200, Resource)).toMatchObject({
        urn: 'urn:brain:app:default:web',
        content: { spec: { image: 'nginx:1.30' } },
        healthy: false,
        status: null,
        _links: { self: { href: path } },
      });
      expect((await api.get(`${path}?revision=${first}`)).as(200, Resource)).toMatchObject({
        content: sampleApp(),
        _links: {
          self: { href: `${path}?revision=${first}` },
          revision: { href: `/v1/pods/${pod.name}/revisions/${first}` },
        },
      });
    });

    proves(200, 'a Route has its host name', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleRoute('web'));
      const route = (await api.get(`/v1/pods/${pod.name}/resources/Route/default/web`)).as(200, Resource);
      expect(route.content.spec).toMatchObject({
        hostname: `web-${pod.name}.${DOMAIN}`,
        domains: [],
        timeout: 60,
      });
    });

    proves(400, 'for a path that cannot be a resource', async (api) => {
      const pod = await api.newPod();
      for (const path of [
        'app/default/web',
        'Volume/default/web',
        'postgres/default/db',
        'App/other/web',
        '%00/a/b',
      ]) {
        const error = (await api.get(`/v1/pods/${pod.name}/resources/${path}`)).error(400);
        expect(error.code).toBe('BAD_REQUEST');
      }
      (await api.get(`/v1/pods/${pod.name}/resources/App/default/web?revision=x`)).error(400);
    });

    proves(403, 'for a revision without revisions:read', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      const path = `/v1/pods/${pod.name}/resources/App/default/web`;
      const key = await api.keyFor(['resources:read'], [pod.name]);
      (await api.get(path, key)).as(200, Resource);
      (await api.get(`${path}?revision=${pod.head.id}`, key)).error(403);
    });

    proves(404, 'for a resource that is not there', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp('web'));
      for (const path of ['App/default/other', 'Config/default/web', 'App/default/%00', 'App/default/WEB']) {
        expect((await api.get(`/v1/pods/${pod.name}/resources/${path}`)).error(404).code).toBe('NOT_FOUND');
      }
    });
  },
);
