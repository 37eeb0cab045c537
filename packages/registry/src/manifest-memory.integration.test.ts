import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StorageLayout } from './storage-layout.ts';
import { type RunningFront, startFront } from './testing/front.ts';
import { PushClient, type PushedImage } from './testing/push-client.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

let front: RunningFront;
let client: PushClient;
let image: PushedImage;

beforeAll(async () => {
  front = await startFront();
  client = new PushClient(front);
  image = await client.image('mine/app', 'v1', [randomBytes(1000)]);
});
afterAll(() => front?.stop());

type Told = { status: number; headers: Record<string, string>; body: string };

/** Without what tells of a connection and a moment. */
async function ask(
  origin: string,
  path: string,
  given: Record<string, string>,
  method = 'GET',
): Promise<Told> {
  const headers = { ...given, ...(origin === front.origin ? { authorization: front.authorization } : {}) };
  const answer = await fetch(`${origin}/v2/${path}`, { method, headers });
  const { date: _date, connection: _, 'keep-alive': __, ...told } = Object.fromEntries(answer.headers);
  return { status: answer.status, headers: told, body: await answer.text() };
}

/** Asks until the front must know it, and gives what it told last. */
async function askTwice(path: string, headers: Record<string, string>, method = 'GET'): Promise<Told> {
  await ask(front.origin, path, headers);
  return await ask(front.origin, path, headers, method);
}

const put = (path: string, body: string, type = MANIFEST) =>
  fetch(`${front.origin}/v2/${path}`, {
    method: 'PUT',
    headers: { authorization: front.authorization, 'content-type': type },
    body,
  });

describe('a manifest that was asked for before', () => {
  const accepted: [string, Record<string, string>][] = [
    ['its type', { accept: MANIFEST }],
    ['several types', { accept: `${INDEX};q=0.5, ${MANIFEST};q=0.9` }],
    ['another type', { accept: INDEX }],
    ['any type', { accept: '*/*' }],
    ['its type, where it has changed', { accept: MANIFEST, 'if-none-match': '"sha256:0"' }],
  ];
  for (const reference of ['v1', 'digest']) {
    for (const method of ['GET', 'HEAD']) {
      it.each(accepted)(
        `is told as the registry behind tells it: ${method} by ${reference}, for %s`,
        async (_, headers) => {
          const path = `mine/app/manifests/${reference === 'digest' ? image.digest : reference}`;
          const told = await askTwice(path, headers, method);
          expect(told).toEqual(await ask(front.behind, path, headers, method));
        },
      );
    }
  }

  it('is told without asking the registry behind for its bytes', async () => {
    const other = await client.image('mine/alone', 'v1', [randomBytes(1000)]);
    const path = 'mine/alone/manifests/v1';
    const before = await askTwice(path, { accept: MANIFEST });
    await rm(new StorageLayout(front.storage).blob(other.digest));
    expect(await ask(front.origin, path, { accept: MANIFEST })).toEqual(before);
    expect((await ask(front.behind, path, { accept: MANIFEST })).status).toBe(404);
  });

  it('is not told under a tag that leads elsewhere now', async () => {
    const first = await client.image('mine/moved', 'v1', [randomBytes(1000)]);
    expect(
      (await askTwice('mine/moved/manifests/v1', { accept: MANIFEST })).headers['docker-content-digest'],
    ).toBe(first.digest);
    const second = await client.image('mine/moved', 'v1', [randomBytes(1000)]);
    expect(
      (await ask(front.origin, 'mine/moved/manifests/v1', { accept: MANIFEST })).headers[
        'docker-content-digest'
      ],
    ).toBe(second.digest);
  });

  it('is not told once it, or its tag, is deleted', async () => {
    const { digest } = await client.image('mine/gone', 'v1', [randomBytes(1000)]);
    await client.mounted('mine/stays', 'mine/gone', 'v1', {
      digest,
      config: '',
      all: [digest, ...(await client.pull('mine/gone', 'v1')).slice(1)],
    });
    for (const path of ['v1', digest]) {
      expect((await askTwice(`mine/gone/manifests/${path}`, { accept: MANIFEST })).status).toBe(200);
    }
    expect(await client.status('DELETE', `mine/gone/manifests/v1`)).toBe(202);
    expect((await ask(front.origin, 'mine/gone/manifests/v1', { accept: MANIFEST })).status).toBe(404);
    expect((await ask(front.origin, `mine/gone/manifests/${digest}`, { accept: MANIFEST })).status).toBe(200);
    expect(await client.status('DELETE', `mine/gone/manifests/${digest}`)).toBe(202);
    expect((await ask(front.origin, `mine/gone/manifests/${digest}`, { accept: MANIFEST })).status).toBe(404);
    expect((await askTwice(`mine/stays/manifests/v1`, { accept: MANIFEST })).status).toBe(200);
  });

  it('is not told in a repository that does not have it', async () => {
    await askTwice(`mine/app/manifests/${image.digest}`, { accept: MANIFEST });
    const elsewhere = await ask(front.origin, `mine/other/manifests/${image.digest}`, { accept: MANIFEST });
    expect(elsewhere.status).toBe(404);
    const others = await ask(front.origin, `other/app/manifests/${image.digest}`, { accept: MANIFEST });
    expect(others.status).toBe(403);
  });

  it('keeps the type that it was pushed with', async () => {
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
    expect((await put('mine/app/manifests/index', index, INDEX)).status).toBe(201);
    const told = await askTwice('mine/app/manifests/index', { accept: `${MANIFEST}, ${INDEX}` });
    expect(told.headers['content-type']).toBe(INDEX);
    expect(told).toEqual(
      await ask(front.behind, 'mine/app/manifests/index', { accept: `${MANIFEST}, ${INDEX}` }),
    );
  });
});
