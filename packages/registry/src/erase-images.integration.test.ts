import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eraseImages } from './erase-images.ts';
import { type RunningDistribution, startDistribution } from './testing/distribution.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

let registry: RunningDistribution;

beforeAll(async () => {
  registry = await startDistribution();
});
afterAll(() => registry?.stop());

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const place = () => ({ upstream: registry.origin, storage: registry.storage });
const signal = () => AbortSignal.timeout(20_000);

async function put(path: string, type: string, body: string): Promise<void> {
  const response = await fetch(`${registry.origin}/v2/${path}`, {
    method: 'PUT',
    headers: { 'content-type': type },
    body,
  });
  expect(response.status, await response.text()).toBe(201);
}

async function pushBlob(repository: string, text: string): Promise<{ digest: string; size: number }> {
  const started = await fetch(`${registry.origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(started.headers.get('location') ?? '', registry.origin);
  location.searchParams.set('digest', digestOf(text));
  const done = await fetch(location, { method: 'PUT', body: text });
  expect(done.status).toBe(201);
  return { digest: digestOf(text), size: text.length };
}

/** Pushes an image under a reference (its own digest for ''), and returns its digest. */
async function pushImage(repository: string, tag: string, text = tag): Promise<string> {
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    ...(await pushBlob(repository, text)),
  };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] });
  await put(`${repository}/manifests/${tag === '' ? digestOf(manifest) : tag}`, MANIFEST, manifest);
  return digestOf(manifest);
}

async function statusOf(repository: string, reference: string): Promise<number> {
  const response = await fetch(`${registry.origin}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: `${MANIFEST}, ${INDEX}` },
  });
  await response.body?.cancel();
  return response.status;
}

it('deletes every image of a pod, the parts of an index too, and none of another pod', async () => {
  const one = await pushImage('shop/web', 'v1');
  await pushImage('shop/web', 'v2');
  const untagged = await pushImage('shop/web', 'v2', 'in its place');
  await pushImage('shop/web', 'v2');
  await pushImage('shop/deep/er', 'v1');
  const part = await pushImage('shop/web', '', 'part');
  const manifests = [
    { mediaType: MANIFEST, digest: part, size: 200, platform: { os: 'linux', architecture: 'amd64' } },
  ];
  // The size is not checked by the registry.
  await put(
    'shop/web/manifests/many',
    INDEX,
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
  );
  for (const other of ['sho/web', 'shop-2/web', 'shopping/web', 'zoo/shop']) await pushImage(other, 'v1');

  await eraseImages(place(), 'shop', signal());

  for (const reference of ['v1', 'v2', 'many', one, part, untagged]) {
    expect(await statusOf('shop/web', reference), reference).toBe(404);
  }
  expect(await statusOf('shop/deep/er', 'v1')).toBe(404);
  for (const other of ['sho/web', 'shop-2/web', 'shopping/web', 'zoo/shop']) {
    expect(await statusOf(other, 'v1'), other).toBe(200);
  }
  // Again, and for a pod that never had any.
  await eraseImages(place(), 'shop', signal());
  await eraseImages(place(), 'nobody', signal());
});

it('rejects while the registry is away', async () => {
  await expect(
    eraseImages({ ...place(), upstream: 'http://127.0.0.1:1' }, 'shop', signal()),
  ).rejects.toThrow();
});
