import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { StorageLayout } from '@brainpod/registry/storage-layout';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveBuildRegistry } from './build-registry.ts';
import { buildToken } from './build-token.ts';

const masterKey = randomBytes(32);
const later = new Date(Date.now() + 60_000);
const stopping = new AbortController();

let distribution: RunningDistribution;
let origin = '';
let serving: Promise<void>;

beforeAll(async () => {
  distribution = await startDistribution();
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  serving = serveBuildRegistry({
    listen: { host: '127.0.0.1', port },
    upstream: distribution.origin,
    storage: distribution.storage,
    imageBytesLimit: async (pod) => (pod === 'small' ? 1000 : null),
    masterKey,
    logger: pino({ level: 'silent' }),
    signal: stopping.signal,
  });
  await waitFor(async () => (await answers()) !== null, {
    timeoutMs: 10_000,
    what: 'the registry of builds',
  });
});

afterAll(async () => {
  stopping.abort();
  await serving;
  await distribution?.stop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('a server without an address');
  return address.port;
}

async function answers(): Promise<number | null> {
  const answer = await fetch(`${origin}/`).catch(() => null);
  return answer === null ? null : answer.status;
}

function call(method: string, path: string, token: string): Promise<Response> {
  return fetch(`${origin}${path}`, { method, headers: { authorization: authorization(token) } });
}

function authorization(token: string): string {
  return `Basic ${Buffer.from(`api:${token}`).toString('base64')}`;
}

describe('the registry as builders see it', () => {
  const own = buildToken(masterKey, 'mine', later);

  it('takes and gives the images of the build’s own pod', async () => {
    expect((await call('POST', '/v2/mine/app/blobs/uploads/', own)).status).toBe(202);
    expect((await call('GET', '/v2/mine/app/tags/list', own)).status).toBe(404);
  });

  it('holds a pod to what its images may take', async () => {
    const small = buildToken(masterKey, 'small', later);
    const begun = await call('POST', '/v2/small/app/blobs/uploads/', small);
    const upload = new URL(begun.headers.get('location') ?? '', origin);
    const send = (bytes: number) =>
      fetch(upload, {
        method: 'PATCH',
        headers: { authorization: authorization(small), 'content-type': 'application/octet-stream' },
        body: new Uint8Array(bytes),
      });
    const refused = await send(1001);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('images of pod \\"small\\"');
  });

  it('notes what is being pushed for the sweep', async () => {
    const content = Buffer.from('a layer');
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const begun = await call('POST', '/v2/mine/app/blobs/uploads/', own);
    const upload = new URL(begun.headers.get('location') ?? '', origin);
    upload.searchParams.set('digest', digest);
    const ended = await fetch(upload, {
      method: 'PUT',
      headers: { authorization: authorization(own), 'content-type': 'application/octet-stream' },
      body: content,
    });
    expect(ended.status).toBe(201);
    // The folder of the notes is made with the first; each goes when its push has ended.
    const { pushes } = new StorageLayout(distribution.storage);
    await waitFor(async () => (await readdir(pushes)).length === 0, {
      timeoutMs: 10_000,
      what: 'the note of the push to go',
    });
  });

  it('gives what stands in for Docker Hub, and takes nothing for it', async () => {
    expect((await call('GET', '/v2/docker.io/library/node/manifests/24', own)).status).toBe(404);
    expect((await call('POST', '/v2/docker.io/library/node/blobs/uploads/', own)).status).toBe(403);
  });

  it.each([
    ['GET', '/v2/other/app/manifests/latest'],
    ['POST', '/v2/other/app/blobs/uploads/'],
    ['POST', '/v2/brainpod/builder/blobs/uploads/'],
    ['GET', '/v2/_catalog'],
  ])('is closed to %s %s', async (method, path) => {
    expect((await call(method, path, own)).status).toBe(403);
  });

  it('is closed to whoever has no token, one whose time is over, or an API key', async () => {
    const past = buildToken(masterKey, 'mine', new Date(Date.now() - 1_000));
    for (const token of [past, 'brain_anything', `${own}x`]) {
      expect((await call('GET', '/v2/mine/app/tags/list', token)).status).toBe(401);
    }
    expect((await fetch(`${origin}/v2/`)).status).toBe(401);
  });

  it('has nothing but the registry', async () => {
    for (const path of ['/', '/v1/pods', '/status.json', '/v2x']) {
      expect((await call('GET', path, own)).status).toBe(404);
    }
  });
});
