import { formatReference } from '@brainpod/model/reference';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleDisk, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { Resource, ResourceMutation } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { DOMAIN, REGISTRY_HOST, type Request } from '../../testing/test-api.ts';

function replacement(pod: PodRecord, place: string, json: unknown, query = ''): Request {
  return { method: 'PUT', path: `/v1/pods/${pod.name}/resources/${place}${query}`, json };
}

const APP = 'App/default/web';

describeOperation(
  'replaceResource',
  { request: (pod) => replacement(pod, APP, sampleApp()) },
  ({ proves }) => {
    proves(200, 'takes the whole document', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp('web', { runtime: { uid: 1 } }), sampleConfig());
      const document = sampleApp('web', { image: 'nginx:1.30', instance: '2x', replicas: 3 });
      const answer = (await api.call(replacement(pod, APP, document))).as(200, ResourceMutation);
      expect(answer).toMatchObject({
        revisionId: pod.head.id,
        resources: [{ content: document, healthy: false }],
      });
      expect((await api.store.resources.find(pod.head.id, 'App', 'web'))?.document).toEqual(document);
    });

    proves(200, 'puts the host name back', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp(), sampleRoute());
      const document = sampleRoute('web', { hostname: 'mine.example.com', timeout: 7 });
      const answer = (await api.call(replacement(pod, 'Route/default/web', document))).as(
        200,
        ResourceMutation,
      );
      expect(answer.resources[0]?.content.spec).toMatchObject({
        hostname: `web-${pod.name}.${DOMAIN}`,
        timeout: 7,
      });
    });

    proves(400, 'for faults of the document, with paths from its root', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp(), sampleRoute());
      const app = sampleApp('web', {
        image: `${REGISTRY_HOST}/elsewhere/web`,
        env: [{ name: 'A', value: formatReference('none', 'host') }],
      });
      const error = (await api.call(replacement(pod, APP, app))).error(400);
      expect(error.code).toBe('VALIDATION_ERROR');
      expect(error.details?.map(({ path }) => path)).toEqual(['spec.env[0].value', 'spec.image']);
      const route = (await api.call(replacement(pod, 'Route/default/web', sampleRoute()))).error(400);
      expect(route.details?.map(({ path }) => path)).toEqual(['spec.hostname']);
      const shape = (await api.call(replacement(pod, APP, { ...sampleApp(), spec: {} }))).error(400);
      expect(shape.details?.length).toBeGreaterThan(3);
      expect((await api.store.resources.find(pod.head.id, 'App', 'web'))?.document).toEqual(sampleApp());
    });

    proves(400, 'for a document of another kind or name than the path', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      const kind = (await api.call(replacement(pod, APP, sampleConfig('web')))).error(400);
      expect(kind).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'kind' }] });
      const name = (await api.call(replacement(pod, APP, sampleApp('other')))).error(400);
      expect(name).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'metadata.name' }] });
    });

    proves(400, 'has no dry run, and does not pretend to', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      const document = sampleApp('web', { image: 'nginx:1.30' });
      (await api.call(replacement(pod, APP, document, '?dryRun=true'))).error(400);
      expect((await api.store.resources.find(pod.head.id, 'App', 'web'))?.document).toEqual(sampleApp());
    });

    proves(400, 'beyond a limit of the pod only less can be asked for', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp('web', { instance: '2x', replicas: 2 }));
      const limits = { apps: null, cpuMillis: 1000, memoryMiB: null, diskGb: null };
      await api.store.pods.setLimits(pod.id, limits, TEST_ACTOR);
      const more = sampleApp('web', { instance: '2x', replicas: 3 });
      const error = (await api.call(replacement(pod, APP, more))).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'limits.cpu' }] });
      const less = sampleApp('web', { instance: '2x', replicas: 1 });
      (await api.call(replacement(pod, APP, less))).as(200, ResourceMutation);
    });

    proves(400, 'for a Disk that would shrink', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleDisk('data', 10));
      const place = 'Disk/default/data';
      const error = (await api.call(replacement(pod, place, sampleDisk('data', 9)))).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'spec.size' }] });
      (await api.call(replacement(pod, place, sampleDisk('data', 11)))).as(200, ResourceMutation);
    });

    proves(412, 'while it is being restarted', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      await api.deploy(pod, 'deployed');
      await api.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
      const path = `/v1/pods/${pod.name}/resources/${APP}`;
      expect((await api.get(path)).as(200, Resource).locked).toBe(true);
      const error = (await api.call(replacement(pod, APP, sampleApp('web', { replicas: 1 })))).error(412);
      expect(error.message).toContain('locked while it is being restarted');
      (await api.call({ method: 'DELETE', path })).error(412);
    });

    proves(404, 'for a resource that is not there', async (api) => {
      const pod = await api.newPod();
      const error = (await api.call(replacement(pod, 'App/default/other', sampleApp('other')))).error(404);
      expect(error.message).toContain('"other"');
    });
  },
);
