import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RegistrySweep } from './sweep/registry-sweep.ts';
import { type RunningFront, startFront } from './testing/front.ts';
import { PushClient } from './testing/push-client.ts';

const MIB = 1024 * 1024;
const run = promisify(execFile);

let folder: string;
let front: RunningFront;
let client: PushClient;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'brainpod-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]);
  front = await startFront('brain_mine', { folder });
  client = new PushClient(front);
});
afterAll(async () => {
  // What is mounted cannot be removed with the rest.
  await front?.stop().catch((error: unknown) => expect(error).toMatchObject({ code: 'EBUSY' }));
  await run('umount', [folder]);
  await rm(folder, { recursive: true, force: true });
});

const signal = () => AbortSignal.timeout(30_000);

async function answerTo(
  method: string,
  target: string,
  body?: Buffer,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(new URL(target, front.origin), {
    method,
    headers: {
      authorization: front.authorization,
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
    },
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

function expectFull({ status, text }: { status: number; text: string }): void {
  expect(status, text).toBe(503);
  const { errors } = JSON.parse(text);
  expect(errors).toEqual([
    { code: 'UNAVAILABLE', message: expect.stringContaining('The disk of the registry is full') },
  ]);
  expect(text).not.toContain(folder);
}

it('refuses pushes in words while its disk is full, serves what it has, and takes pushes again when there is room', async () => {
  const kept = await client.image('mine/kept', 'v1', [randomBytes(MIB)]);
  const large = await client.image('mine/large', 'v1', [randomBytes(2 * MIB)]);

  // A layer that does not fit, sent in one go and in parts.
  const upload = await client.beginUpload('mine/more', randomBytes(1000));
  expectFull(await answerTo('PATCH', upload.href, randomBytes(5 * MIB)));
  await new RegistrySweep(front.storage).run(signal(), { unreferencedMs: 86_400_000, uploadMs: 0 });

  // Not a byte is left.
  const { bavail, bsize } = await statfs(folder);
  await writeFile(path.join(folder, 'filler'), randomBytes(bavail * bsize));
  expectFull(await answerTo('POST', '/v2/mine/more/blobs/uploads/'));
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: {}, layers: [] }));
  expectFull(await answerTo('PUT', '/v2/mine/kept/manifests/v2', manifest));
  expect(await client.pull('mine/kept', 'v1')).toEqual(kept.all);

  // Deleting needs no room, and the sweep makes some.
  expect(await client.status('DELETE', `mine/large/manifests/${large.digest}`)).toBe(202);
  const { bytes } = await new RegistrySweep(front.storage).run(signal(), { unreferencedMs: 0, uploadMs: 0 });
  expect(bytes).toBeGreaterThan(2 * MIB);
  const again = await client.image('mine/again', 'v1', [randomBytes(MIB)]);
  expect(await client.pull('mine/again', 'v1')).toEqual(again.all);
  expect(await client.pull('mine/kept', 'v1')).toEqual(kept.all);
});
