import { createHash, randomBytes } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageKeeper } from './image-keeper.ts';
import { StorageLayout } from './storage-layout.ts';
import { type RunningDistribution, startDistribution } from './testing/distribution.ts';
import { Pusher } from './testing/pushed.ts';

let registry: RunningDistribution;
let keeper: ImageKeeper;
let pusher: Pusher;

beforeAll(async () => {
  registry = await startDistribution();
  keeper = new ImageKeeper(registry.origin, registry.storage);
  pusher = new Pusher(registry.origin);
});
afterAll(() => registry?.stop());

const config = () => ({ architecture: 'amd64', config: { Label: randomBytes(8).toString('hex') } });
const EMPTY = `sha256:${createHash('sha256').digest('hex')}`;

it('knows all manifests of a pod, tagged or not, with what they are made of', async () => {
  const first = await pusher.image('shop/web', 'v1', config());
  const again = await pusher.image('shop/web', 'v1', config());
  const part = { ...(await pusher.image('shop/team/deep', 'part', config())), platform: {} };
  const index = await pusher.index('shop/team/deep', 'many', [part]);
  await pusher.image('shopping/web', 'v1', config());

  const held = await keeper.holdings('shop');
  const told = held.map(({ repository, digest, tags, parts }) => ({ repository, digest, tags, parts }));
  const deep = { repository: 'team/deep', parts: [] };
  const web = { repository: 'web', parts: [] };
  expect(told).toEqual(
    expect.arrayContaining([
      { ...web, digest: first.digest, tags: [] },
      { ...web, digest: again.digest, tags: ['v1'] },
      { ...deep, digest: part.digest, tags: ['part'] },
      { ...deep, digest: index.digest, tags: ['many'], parts: [part.digest] },
    ]),
  );
  expect(told).toHaveLength(4);
  const image = held.find(({ digest }) => digest === first.digest);
  expect(image?.blobs).toHaveLength(3);
  expect(image?.blobs).toContainEqual({ digest: first.digest, bytes: first.size });
  expect(image?.blobs).toContainEqual({ digest: EMPTY, bytes: 0 });
  expect(Math.abs((image?.pushedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(await keeper.holdings('nobody')).toEqual([]);
  const sizes = new Map(held.flatMap(({ blobs }) => blobs.map(({ digest, bytes }) => [digest, bytes])));
  expect(await keeper.bytes('shop')).toBe([...sizes.values()].reduce((sum, bytes) => sum + bytes, 0));
  expect(await keeper.bytes('nobody')).toBe(0);
  expect(await new ImageKeeper(registry.origin, '/nowhere').bytes('shop')).toBeNull();
});

it('deletes what was not pushed again since it was seen, with its tags', async () => {
  const { digest } = await pusher.image('zoo/web', 'v1', { architecture: 'amd64' });
  const layout = new StorageLayout(registry.storage);
  await utimes(layout.manifestLink('zoo/web', digest), 1000, 1000);
  const [seen] = await keeper.holdings('zoo');
  if (seen === undefined) throw new Error('nothing was pushed');
  await pusher.image('zoo/web', 'v2', { architecture: 'amd64' });
  expect(await keeper.delete('zoo', seen)).toBe(false);
  const [now] = await keeper.holdings('zoo');
  expect(now?.tags).toEqual(['v1', 'v2']);
  expect(await keeper.untag('zoo', { repository: 'web', tag: 'v1' })).toBe(true);
  expect(await keeper.untag('zoo', { repository: 'web', tag: 'v1' })).toBe(false);
  const [untagged] = await keeper.holdings('zoo');
  expect(untagged?.tags).toEqual(['v2']);
  if (untagged === undefined) throw new Error('it went with one of its tags');
  expect(await keeper.delete('zoo', untagged)).toBe(true);
  expect(await keeper.holdings('zoo')).toEqual([]);
  expect(await keeper.delete('zoo', untagged)).toBe(true);
});

it('says so while the registry or its storage is away', async () => {
  const away = new ImageKeeper('http://127.0.0.1:1', registry.storage);
  await expect(away.untag('zoo', { repository: 'web', tag: 'v1' })).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
  await expect(new ImageKeeper(registry.origin, '/nowhere').holdings('zoo')).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
});
