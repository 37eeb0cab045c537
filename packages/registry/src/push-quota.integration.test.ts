import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningFront, startFront } from './testing/front.ts';
import { PushClient } from './testing/push-client.ts';

const MIB = 1024 * 1024;
const KEY = 'brain_mine';

let front: RunningFront;
let client: PushClient;

beforeAll(async () => {
  front = await startFront(KEY, { imageBytesLimit: MIB });
  client = new PushClient(front);
});
afterAll(() => front?.stop());

const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

async function startUpload(repository: string): Promise<{ status: number; location: URL; body: string }> {
  const answer = await fetch(`${front.origin}/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization: front.authorization },
  });
  const location = new URL(answer.headers.get('location') ?? '', front.origin);
  return { status: answer.status, location, body: await answer.text() };
}

/** Sends parts without saying how many bytes they will be, as docker does. */
async function stream(location: URL, parts: Iterable<Buffer>): Promise<{ status: number; body: string }> {
  return await new Promise((resolve, reject) => {
    const sent = request(location, { method: 'PATCH', headers: { authorization: front.authorization } });
    sent.on('response', async (answer) => {
      const body: Buffer[] = [];
      for await (const part of answer) body.push(Buffer.from(part));
      resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(body).toString() });
      sent.destroy();
    });
    sent.on('error', reject);
    Readable.from(parts).pipe(sent);
  });
}

function expectDenied({ status, body }: { status: number; body: string }): void {
  expect(status, body).toBe(403);
  const { errors } = JSON.parse(body);
  expect(errors).toHaveLength(1);
  expect(errors[0].code).toBe('DENIED');
  expect(errors[0].message).toMatch(
    /^With this, the images of pod "mine" would take \d\.\d MiB, and its limit is 1\.0 MiB\. Delete images .* or ask the operator for a higher limit/,
  );
}

it('takes what fits, counts a blob once, and makes room at once where an image is deleted', async () => {
  const layer = randomBytes(0.7 * MIB);
  const first = await client.image('mine/a', 'v1', [layer]);
  await client.image('mine/b', 'v1', [layer]);
  await client.mounted('mine/c', 'mine/a', 'v1', first);

  const { location } = await startUpload('mine/d');
  const tooMuch = randomBytes(0.4 * MIB);
  location.searchParams.set('digest', digestOf(tooMuch));
  const put = await fetch(location, {
    method: 'PUT',
    headers: { authorization: front.authorization },
    body: tooMuch,
  });
  expectDenied({ status: put.status, body: await put.text() });
  expect(await client.pull('mine/a', 'v1')).toEqual(first.all);

  for (const repository of ['mine/a', 'mine/b', 'mine/c']) {
    for (const digest of await digestsOf(repository)) {
      expect(await client.status('DELETE', `${repository}/manifests/${digest}`)).toBe(202);
    }
  }
  await client.image('mine/d', 'v1', [tooMuch, randomBytes(0.4 * MIB)]);
});

async function digestsOf(repository: string): Promise<string[]> {
  const answer = await fetch(`${front.origin}/v2/${repository}/manifests/v1`, {
    method: 'HEAD',
    headers: { authorization: front.authorization, accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  const digest = answer.headers.get('docker-content-digest');
  return digest === null ? [] : [digest];
}

it('ends a stream that says nothing of its length where it has become too long, and forgets it', async () => {
  const { location } = await startUpload('mine/stream');
  const parts = Array.from({ length: 64 }, () => randomBytes(64 * 1024));
  expectDenied(await stream(location, parts));
  const left = await fetch(location, { headers: { authorization: front.authorization } });
  expect(left.status).toBe(404);
  // It takes no place any longer.
  expect((await startUpload('mine/stream')).status).toBe(202);
});

it('many at once get no more than one alone', async () => {
  const half = () => randomBytes(0.15 * MIB);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, (_, each) => client.blob(`mine/many${each}`, half())),
  );
  const taken = outcomes.filter(({ status }) => status === 'fulfilled').length;
  expect(taken).toBeLessThanOrEqual(1);
});

it('an image whose layers were all taken gets its manifest', async () => {
  const other = await startFront(KEY, { imageBytesLimit: MIB });
  try {
    const pusher = new PushClient(other);
    const config = 90;
    const full = await pusher.image('mine/full', 'v1', [randomBytes(MIB - config)]);
    expect(await pusher.pull('mine/full', 'v1')).toEqual(full.all);
    // Beyond its limit by the manifest, nothing more can be begun.
    const begun = await fetch(`${other.origin}/v2/mine/full/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: other.authorization },
    });
    expectDenied({ status: begun.status, body: await begun.text() });
  } finally {
    await other.stop();
  }
});
