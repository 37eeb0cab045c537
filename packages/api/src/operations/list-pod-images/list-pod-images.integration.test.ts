import type { PodRecord } from '@brainpod/store/pods';
import { expect } from 'vitest';
import { ImageList } from '../../image-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDigest, sampleImage, sampleVariant } from '../../testing/sample-image.ts';
import { REGISTRY_HOST, type Request } from '../../testing/test-api.ts';

function list(pod: PodRecord, query = ''): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/images${query}` };
}

describeOperation('listPodImages', { request: (pod) => list(pod) }, ({ proves }) => {
  proves(200, 'shows what the pod has, the newest first, each with how to name it for ever', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(list(pod))).as(200, ImageList)).toMatchObject({ items: [], total: 0 });
    const arm = sampleVariant({ architecture: 'arm64', digest: sampleDigest('c'), createdAt: null });
    const index = { tag: 'v2', digest: sampleDigest('b') };
    const undated = sampleVariant({ createdAt: null });
    api.images.hold(pod.name, [
      sampleImage({ repository: 'old', variants: [undated] }),
      sampleImage({ variants: [sampleVariant({ createdAt: '2026-02-01T00:00:00.000Z' })] }),
      sampleImage({ ...index, variants: [sampleVariant(), arm] }),
    ]);
    const { items, total, _links } = (await api.call(list(pod))).as(200, ImageList);
    const path = `/v1/pods/${pod.name}/images`;
    const inspect = { href: `${path}/inspect?visibility=pod&repository=web&tag=v2` };
    expect(items[0]).toEqual({
      repository: 'web',
      tag: 'v2',
      namespace: pod.name,
      visibility: 'pod',
      architectures: ['amd64', 'arm64'],
      digest: index.digest,
      reference: `${REGISTRY_HOST}/${pod.name}/web@${index.digest}`,
      createdAt: '2026-03-01T10:00:00.000Z',
      _links: { self: inspect, pod: { href: `/v1/pods/${pod.name}` }, inspect },
    });
    expect(items.map(({ repository, tag, createdAt }) => [repository, tag, createdAt])).toEqual([
      ['web', 'v2', '2026-03-01T10:00:00.000Z'],
      ['web', 'v1', '2026-02-01T00:00:00.000Z'],
      ['old', 'v1', null],
    ]);
    const self = { href: `${path}?visibility=all&limit=25&offset=0` };
    expect({ total, _links }).toEqual({ total: 3, _links: { self, next: null } });
  });

  proves(200, 'finds by repository, tag, digest, pod, architecture and port', async (api) => {
    const pod = await api.newPod();
    const arm = sampleVariant({ architecture: 'arm64', digest: sampleDigest('c'), exposedPorts: ['53/udp'] });
    api.images.hold(pod.name, [
      sampleImage(),
      sampleImage({ repository: 'team7/dns7', tag: 'edge7', digest: sampleDigest('b'), variants: [arm] }),
    ]);
    const found = async (search: string) =>
      (await api.call(list(pod, `?search=${encodeURIComponent(search)}`))).as(200, ImageList).total;
    // With digits, which no name of a pod has: one such as "hedge" would be found too.
    for (const one of ['TEAM7', 'dns7', 'edge7', 'bbbb', 'sha256:ccc', 'arm64', '53/udp']) {
      expect([one, await found(one)]).toEqual([one, 1]);
    }
    for (const both of ['', pod.name, '3/']) expect([both, (await found(both)) > 0]).toEqual([both, true]);
    expect(await found('nothing like it')).toBe(0);
  });

  proves(200, 'goes on page by page, and has no public images', async (api) => {
    const pod = await api.newPod();
    api.images.hold(
      pod.name,
      ['a', 'b', 'c'].map((repository) => sampleImage({ repository })),
    );
    const first = (await api.call(list(pod, '?limit=2&visibility=pod'))).as(200, ImageList);
    expect(first.items.map(({ repository }) => repository)).toEqual(['a', 'b']);
    const next = first._links.next?.href ?? '';
    const second = (await api.call({ method: 'GET', path: next })).as(200, ImageList);
    expect(second.items.map(({ repository }) => repository)).toEqual(['c']);
    expect([second.total, second._links.next]).toEqual([3, null]);
    expect((await api.call(list(pod, '?offset=9'))).as(200, ImageList)).toMatchObject({
      items: [],
      total: 3,
    });
    expect((await api.call(list(pod, '?visibility=public'))).as(200, ImageList).total).toBe(0);
  });

  proves(400, 'for wrong parameters', async (api) => {
    const pod = await api.newPod();
    const long = 'x'.repeat(257);
    for (const query of ['limit=0', 'limit=101', 'offset=-1', 'visibility=mine', `search=${long}`]) {
      expect((await api.call(list(pod, `?${query}`))).error(400).code).toBe('BAD_REQUEST');
    }
  });

  proves(503, 'while the registry does not answer', async (api) => {
    const pod = await api.newPod();
    api.images.isAway = true;
    expect((await api.call(list(pod))).error(503).code).toBe('SERVICE_UNAVAILABLE');
  });
});
