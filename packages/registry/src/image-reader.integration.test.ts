import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageReader } from './image-reader.ts';
import { type RunningDistribution, startDistribution } from './testing/distribution.ts';
import { Pusher } from './testing/pushed.ts';

const signal = AbortSignal.timeout(60_000);
const CREATED = '2026-03-01T10:00:00Z';

let registry: RunningDistribution;
let push: Pusher;
let reader: ImageReader;

beforeAll(async () => {
  registry = await startDistribution();
  push = new Pusher(registry.origin);
  reader = new ImageReader({ upstream: registry.origin, storage: registry.storage });
});

afterAll(async () => {
  await registry?.stop();
});

const config = (more: object = {}) => ({ architecture: 'amd64', os: 'linux', ...more });

describe('what the registry holds of a pod', () => {
  it('is each tag with what its image says of itself, and nothing of another pod', async () => {
    const inner = { User: '1000:2000', ExposedPorts: { '8080/tcp': {}, '53/udp': {} } };
    const web = await push.image('mine/web', 'v1', config({ created: CREATED, config: inner }));
    await push.image('mine-too/web', 'v1', config());
    await push.image('other/mine/web', 'v1', config());
    const elsewhere = new ImageReader({ upstream: registry.origin, storage: '/nowhere' });
    expect(await elsewhere.list('mine', signal)).toEqual(await reader.list('mine', signal));
    expect(await reader.list('mine', signal)).toEqual([
      {
        repository: 'web',
        tag: 'v1',
        digest: web.digest,
        variants: [
          {
            architecture: 'amd64',
            digest: web.digest,
            uid: 1000,
            gid: 2000,
            exposedPorts: ['53/udp', '8080/tcp'],
            createdAt: '2026-03-01T10:00:00.000Z',
          },
        ],
      },
    ]);
    expect(await reader.list('nobody', signal)).toEqual([]);
  });

  it('has a variant for each processor, without what a builder says beside them', async () => {
    const intel = await push.image('many/team/web', 'intel', config());
    const arm = await push.image('many/team/web', 'arm', { architecture: 'arm', variant: 'v7' });
    const proof = await push.image('many/team/web', 'proof', config({ created: CREATED }));
    const index = await push.index('many/team/web', 'all', [
      { ...intel, platform: { architecture: 'amd64', os: 'linux' } },
      { ...arm, platform: { architecture: 'arm', os: 'linux', variant: 'v7' } },
      { ...proof, platform: { architecture: 'unknown', os: 'unknown' } },
    ]);
    const found = await reader.find('many', { repository: 'team/web', reference: 'all' }, signal);
    expect(found).toMatchObject({ digest: index.digest });
    expect(found?.variants.map(({ architecture, digest }) => [architecture, digest])).toEqual([
      ['amd64', intel.digest],
      ['arm/v7', arm.digest],
    ]);
  });

  it.each([
    ['no user, so root', {}, [0, 0]],
    ['root by name', { User: 'root' }, [0, 0]],
    ['a number', { User: '1000' }, [1000, null]],
    ['a name', { User: 'app:app' }, [null, null]],
    ['a number and the name of a group', { User: '1000:app' }, [1000, null]],
  ])('tells an image with %s', async (_what, inner, [uid, gid]) => {
    const tag = JSON.stringify(inner).replaceAll(/[^a-z0-9]/g, '') || 'none';
    await push.image('users/web', tag, config({ config: inner }));
    const found = await reader.find('users', { repository: 'web', reference: tag }, signal);
    expect(found?.variants).toMatchObject([{ uid, gid, createdAt: null, exposedPorts: [] }]);
  });

  it('follows a tag that is moved, and forgets one that is gone', async () => {
    const first = await push.image('moved/web', 'latest', config());
    const place = { repository: 'web', reference: 'latest' };
    expect(await reader.find('moved', place, signal)).toMatchObject({ digest: first.digest });
    const second = await push.image('moved/web', 'latest', config({ created: CREATED }));
    expect(await reader.find('moved', place, signal)).toMatchObject({ digest: second.digest });
    const url = `${registry.origin}/v2/moved/web/manifests/${second.digest}`;
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(202);
    expect(await reader.find('moved', place, signal)).toBeNull();
    expect(await reader.list('moved', signal)).toEqual([]);
  });

  it('leaves out what is no container image', async () => {
    await push.image('signed/web', 'v1', config());
    await push.image('signed/web', 'signature', {}, 'application/vnd.example.signature.v1+json');
    expect((await reader.list('signed', signal)).map(({ tag }) => tag)).toEqual(['v1']);
    expect(await reader.find('signed', { repository: 'web', reference: 'signature' }, signal)).toBeNull();
  });

  it('is not known while the registry does not answer', async () => {
    const away = new ImageReader({ upstream: 'http://127.0.0.1:1', storage: '/nowhere' });
    await expect(away.list('mine', signal)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
