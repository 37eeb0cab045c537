import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import Type from 'typebox';
import { expect } from 'vitest';
import { Resource } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const Resources = Type.Array(Resource);

describeOperation(
  'listResources',
  { request: (pod) => ({ method: 'GET', path: `/v1/pods/${pod.name}/resources` }) },
  ({ proves }) => {
    proves(200, 'shows the head, a revision, or what was live at an instant', async (api) => {
      const pod = await api.newPod();
      const path = `/v1/pods/${pod.name}/resources`;
      const urns = async (query: string) =>
        (await api.get(path + query)).as(200, Resources).map(({ urn }) => urn.replace('urn:brain:', ''));
      const first = await api.write(pod, sampleApp('web'), sampleRoute('web'));
      await api.deploy(pod, 'deployed');
      // The database's clock may be ahead by some milliseconds of rounding.
      const live = encodeURIComponent(new Date(Date.now() + 5).toISOString());
      await api.write(pod, sampleConfig());
      expect(await urns('')).toEqual(['app:default:web', 'config:default:settings', 'route:default:web']);
      expect(await urns(`?revision=${first}`)).toEqual(['app:default:web', 'route:default:web']);
      expect(await urns(`?at=${live}`)).toEqual(['app:default:web', 'route:default:web']);
      const [resource] = (await api.get(`${path}?at=${live}`)).as(200, Resources);
      expect(resource?._links).toEqual({
        self: { href: `${path}/App/default/web?at=${live}` },
        pod: { href: `/v1/pods/${pod.name}` },
        revision: { href: `/v1/pods/${pod.name}/revisions/${first}` },
      });
    });

    proves(200, 'an empty pod has an empty list', async (api) => {
      const pod = await api.newPod();
      expect((await api.get(`/v1/pods/${pod.name}/resources`)).as(200, Resources)).toEqual([]);
    });

    proves(400, 'says which parameter is wrong', async (api) => {
      const pod = await api.newPod();
      const path = `/v1/pods/${pod.name}/resources`;
      for (const at of ['yesterday', '2026-08-01', '2026-13-01T00:00:00Z', '2026-08-01T00:00:00']) {
        const error = (await api.get(`${path}?at=${at}`)).error(400);
        expect(error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: 'at' }] });
      }
      const error = (await api.get(`${path}?revision=head`)).error(400);
      expect(error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: 'revision' }] });
      (await api.get(`${path}?revision=${pod.head.id}&at=2026-08-01T00:00:00Z`)).error(400);
    });

    proves(403, 'for another state than the newest without revisions:read', async (api) => {
      const pod = await api.newPod();
      const path = `/v1/pods/${pod.name}/resources`;
      const key = await api.keyFor(['resources:read'], [pod.name]);
      (await api.get(path, key)).as(200, Resources);
      expect((await api.get(`${path}?revision=${pod.head.id}`, key)).error(403).message).toContain(
        'revisions:read',
      );
      (await api.get(`${path}?at=2026-08-01T00:00:00Z`, key)).error(403);
    });

    proves(404, 'for what is not there', async (api) => {
      const [pod, other] = [await api.newPod(), await api.newPod()];
      const path = `/v1/pods/${pod.name}/resources`;
      (await api.get(`${path}?revision=${other.head.id}`)).error(404);
      (await api.get(`${path}?at=2026-08-01T00:00:00Z`)).error(404);
    });
  },
);
