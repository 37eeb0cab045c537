import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig, sampleDisk, sampleRoute } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { ResolvedResource } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { TestApi } from '../../testing/test-api.ts';

function resolving(pod: PodRecord, identifier: string): string {
  return `/v1/pods/${pod.name}/resources/resolve/${encodeURIComponent(identifier)}`;
}

async function uidOf(api: TestApi, pod: PodRecord): Promise<string> {
  const found = await api.store.resources.find(pod.head.id, 'Config', 'settings');
  if (found === null) throw new Error('the Config is not there');
  return found.uid;
}

describeOperation(
  'resolveResource',
  { request: (pod) => ({ method: 'GET', path: resolving(pod, 'web') }) },
  ({ proves }) => {
    proves(200, 'finds a resource by name, URN and UUID', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp(), sampleRoute(), sampleConfig());
      const uuid = await uidOf(api, pod);
      const urn = 'urn:brain:config:default:settings';
      const identifiers = [
        'settings',
        urn,
        'urn:brain:Config:default:settings',
        `urn:brain:pod:${pod.name}:config:default:settings`,
        uuid,
        uuid.toUpperCase(),
      ];
      for (const identifier of identifiers) {
        const answer = (await api.get(resolving(pod, identifier))).as(200, ResolvedResource);
        expect(answer).toEqual({ urn, uuid });
      }
    });

    proves(200, 'a UUID stays the same from draft to draft', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleConfig());
      const uuid = await uidOf(api, pod);
      await api.deploy(pod, 'deployed');
      await api.write(pod, sampleApp());
      expect((await api.get(resolving(pod, uuid))).as(200, ResolvedResource).uuid).toBe(uuid);
    });

    proves(200, 'takes the longest names', async (api) => {
      const pod = await api.newPod();
      const name = 'x'.repeat(63);
      await api.write(pod, sampleDisk(name));
      const urn = `urn:brain:disk:default:${name}`;
      const qualified = urn.replace('urn:brain:', `urn:brain:pod:${pod.name}:`);
      expect((await api.get(resolving(pod, qualified))).as(200, ResolvedResource).urn).toBe(urn);
    });

    proves(400, 'names the URNs when a name is not enough', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp(), sampleRoute());
      const error = (await api.get(resolving(pod, 'web'))).error(400);
      expect(error.code).toBe('BAD_REQUEST');
      expect(error.message).toContain('urn:brain:app:default:web, urn:brain:route:default:web');
      expect((await api.get(resolving(pod, 'urn:brain:route:default:web'))).status).toBe(200);
    });

    proves(400, 'for a URN that is none, or of another pod', async (api) => {
      const pod = await api.newPod();
      await api.write(pod, sampleApp());
      for (const identifier of [
        'urn:',
        'urn:brain:app:web',
        'urn:brain:pod:else:app:default:web',
        'urn:brain:x:default:web',
      ]) {
        expect((await api.get(resolving(pod, identifier))).error(400).code).toBe('BAD_REQUEST');
      }
    });

    proves(404, 'for what the pod does not have', async (api) => {
      const pod = await api.newPod();
      const other = await api.newPod();
      await api.write(other, sampleConfig());
      const foreign = await uidOf(api, other);
      for (const identifier of ['web', 'urn:brain:app:default:web', foreign, 'Ü', '\u0000', "'"]) {
        expect((await api.get(resolving(pod, identifier))).error(404).code).toBe('NOT_FOUND');
      }
    });
  },
);
