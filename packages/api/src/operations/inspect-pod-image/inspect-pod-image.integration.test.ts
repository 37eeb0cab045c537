import type { PodRecord } from '@brainpod/store/pods';
import { expect } from 'vitest';
import { ImageDetail } from '../../image-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Sample } from '../../testing/operation-sample.ts';
import { sampleDigest, sampleImage, sampleVariant } from '../../testing/sample-image.ts';
import { REGISTRY_HOST, type Request } from '../../testing/test-api.ts';

function inspect(pod: PodRecord, query: Record<string, string> = {}): Request {
  const all = new URLSearchParams({ visibility: 'pod', repository: 'web', tag: 'v1', ...query });
  return { method: 'GET', path: `/v1/pods/${pod.name}/images/inspect?${all}` };
}

const sample: Sample = {
  request: (pod) => inspect(pod),
  prepare: async (pod, api) => api.images.hold(pod.name, [sampleImage()]),
};

describeOperation('inspectPodImage', sample, ({ proves }) => {
  proves(200, 'shows each variant with its user and ports', async (api) => {
    const pod = await api.newPod();
    const named = { digest: sampleDigest('c'), uid: null, createdAt: null, exposedPorts: [] };
    const arm = sampleVariant({ architecture: 'arm64', ...named });
    api.images.hold(pod.name, [
      sampleImage({ repository: 'team/web', digest: sampleDigest('b'), variants: [sampleVariant(), arm] }),
    ]);
    api.images.said.set(sampleDigest('c'), ['https://slsa.dev/provenance/v1']);
    const image = (await api.call(inspect(pod, { repository: 'team/web' }))).as(200, ImageDetail);
    const name = `${REGISTRY_HOST}/${pod.name}/team/web`;
    const path = `/v1/pods/${pod.name}`;
    expect(image).toEqual({
      repository: 'team/web',
      tag: 'v1',
      namespace: pod.name,
      visibility: 'pod',
      reference: `${name}:v1`,
      variants: [
        { ...sampleVariant(), reference: `${name}@${sampleDigest('a')}`, updatedAt: null, attestations: [] },
        {
          ...arm,
          reference: `${name}@${sampleDigest('c')}`,
          createdAt: '1970-01-01T00:00:00.000Z',
          updatedAt: null,
          attestations: ['https://slsa.dev/provenance/v1'],
        },
      ],
      _links: {
        self: { href: `${path}/images/inspect?visibility=pod&repository=team%2Fweb&tag=v1` },
        pod: { href: path },
      },
    });
  });

  proves(400, 'where a parameter is missing or wrong', async (api) => {
    const pod = await api.newPod();
    const wrong = [{ visibility: 'all' }, { repository: '' }, { repository: 'x'.repeat(513) }, { tag: '' }];
    for (const query of wrong) {
      expect((await api.call(inspect(pod, query))).error(400).code).toBe('BAD_REQUEST');
    }
  });

  proves(404, 'for an image that there is not, whatever it is called', async (api) => {
    const pod = await api.newPod();
    api.images.hold(pod.name, [sampleImage()]);
    const none = [
      { tag: 'v2' },
      { visibility: 'public' },
      { repository: '../other/web' },
      { repository: 'WEB' },
      { tag: '../v1' },
      { tag: '_referrer.x' },
    ];
    for (const query of none) {
      expect((await api.call(inspect(pod, query))).error(404).code).toBe('NOT_FOUND');
    }
  });

  proves(503, 'while the registry does not answer', async (api) => {
    const pod = await api.newPod();
    api.images.isAway = true;
    expect((await api.call(inspect(pod))).error(503).code).toBe('SERVICE_UNAVAILABLE');
  });
});
