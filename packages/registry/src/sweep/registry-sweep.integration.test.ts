import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StorageLayout } from '../storage-layout.ts';
import { type RunningFront, startFront } from '../testing/front.ts';
import { PushClient } from '../testing/push-client.ts';
import { RegistrySweep } from './registry-sweep.ts';

const AT_ONCE = { unreferencedMs: 0, uploadMs: 0 };
const DAY_MS = 24 * 60 * 60_000;

let front: RunningFront;
let layout: StorageLayout;
let client: PushClient;

beforeAll(async () => {
  front = await startFront();
  layout = new StorageLayout(front.storage);
  client = new PushClient(front);
});
afterAll(() => front?.stop());

const signal = () => AbortSignal.timeout(30_000);
const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** KiB of the disk that the storage takes. */
async function diskKib(): Promise<number> {
  const { stdout } = await promisify(execFile)('du', ['-sk', front.storage]);
  return Number.parseInt(stdout, 10);
}

/** Lets two days go by for what nobody has touched since. */
async function age(files: string[]): Promise<void> {
  const then = new Date(Date.now() - 2 * DAY_MS);
  for (const file of files) await utimes(file, then, then);
}

it('frees the disk of a deleted image a day later, and nothing of what others still name', async () => {
  const sweep = new RegistrySweep(front.storage);
  const shared = randomBytes(1024 * 1024);
  const own = randomBytes(8 * 1024 * 1024);
  const kept = await client.image('mine/kept', 'v1', [shared]);
  const before = await diskKib();
  const gone = await client.image('mine/gone', 'v1', [shared, own]);
  expect(await diskKib()).toBeGreaterThan(before + 8 * 1024);

  expect(await client.status('DELETE', `mine/gone/manifests/${gone.digest}`)).toBe(202);
  expect((await sweep.run(signal())).bytes).toBe(0);
  await age([
    ...[shared, own].map((layer) => layout.layerLink('mine/gone', digestOf(layer))),
    layout.layerLink('mine/gone', gone.config),
    ...[digestOf(own), gone.config, gone.digest].map((digest) => layout.blob(digest)),
  ]);
  const { freed, bytes } = await sweep.run(signal());
  expect(bytes).toBeGreaterThan(own.length);
  expect(bytes).toBeLessThan(own.length + 10_000);
  expect(freed.filter(({ what }) => what === 'blob')).toHaveLength(3);
  // Once more a day later nothing of the repository is left.
  await sweep.run(signal(), AT_ONCE);
  await sweep.run(signal(), AT_ONCE);
  expect(await diskKib()).toBeLessThan(before + 64);
  expect(await client.pull('mine/kept', 'v1')).toEqual(kept.all);
  expect(await client.status('HEAD', `mine/gone/blobs/${digestOf(own)}`)).toBe(404);
  // And it can be pushed again.
  await client.image('mine/gone', 'v1', [shared, own]);
  expect((await client.pull('mine/gone', 'v1')).length).toBe(4);
});

it('takes away half an upload a day later, and lets one that goes on come to its end', async () => {
  const sweep = new RegistrySweep(front.storage);
  const content = randomBytes(100_000);
  const left = await client.beginUpload('mine/half', content.subarray(0, 50_000));
  const going = await client.beginUpload('mine/half', content.subarray(0, 50_000));
  const folder = path.join(layout.uploads('mine/half'), path.basename(left.pathname));
  await age([folder, path.join(folder, 'data'), path.join(folder, 'startedat')]);
  const { freed } = await sweep.run(signal());
  expect(freed.map(({ what, file }) => [what, file.path])).toEqual([['upload', folder]]);
  expect(await client.endUpload(left, content.subarray(50_000), digestOf(content))).toBe(404);
  expect(await client.endUpload(going, content.subarray(50_000), digestOf(content))).toBe(201);
});

it('whoever asks whether a blob is there can rely on it for a day', async () => {
  const sweep = new RegistrySweep(front.storage);
  const layer = randomBytes(1000);
  await client.blob('mine/asked', layer);
  await age([layout.blob(digestOf(layer)), layout.layerLink('mine/asked', digestOf(layer))]);
  expect(await client.status('HEAD', `mine/asked/blobs/${digestOf(layer)}`)).toBe(200);
  await sweep.run(signal());
  expect(await client.status('GET', `mine/asked/blobs/${digestOf(layer)}`)).toBe(200);
});

it('nothing that was pushed or mounted is ever missing while sweeps of no age run one after the other', async () => {
  const stopping = new AbortController();
  const sweep = new RegistrySweep(front.storage);
  let sweeps = 0;
  let bytes = 0;
  const sweeping = (async () => {
    while (!stopping.signal.aborted) {
      bytes += (await sweep.run(signal(), { unreferencedMs: 0, uploadMs: DAY_MS })).bytes;
      sweeps += 1;
    }
  })();
  const base = randomBytes(20_000);
  const pushers = Array.from({ length: 6 }, (_, index) => pushAndCheck(index, base));
  const rounds = await Promise.all(pushers);
  stopping.abort();
  await sweeping;
  // It swept all the while, and there was something to sweep.
  expect(sweeps).toBeGreaterThan(10);
  expect(bytes).toBeGreaterThan(0);
  expect(rounds.flat().length).toBe(6 * ROUNDS);
});

const ROUNDS = 8;

/** Pushes, mounts, pulls and deletes; gives the tags that stayed. Blobs without a manifest may go at any time, so it pushes until it could. */
async function pushAndCheck(index: number, base: Buffer): Promise<string[]> {
  const stayed: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [repository, copy] = [`mine/p${index % 3}`, `mine/copy${index}`];
    const tag = `t${index}-${round}`;
    const layers = [base, randomBytes(5000)];
    const pushed = await client.insist(() => client.image(repository, tag, layers));
    expect(await client.pull(repository, tag)).toEqual(pushed.all);
    await client.insist(() => client.mounted(copy, repository, tag, pushed));
    expect(await client.pull(copy, tag)).toEqual(pushed.all);
    stayed.push(tag);
    expect(await client.status('DELETE', `${repository}/manifests/${pushed.digest}`)).toBe(202);
    for (const each of stayed) expect((await client.pull(copy, each)).length, each).toBe(4);
  }
  return stayed;
}

it('a sweep that is killed in the middle leaves nothing that the next one does not settle', async () => {
  const kept = await client.image('mine/survivor', 'v1', [randomBytes(1000), randomBytes(1000)]);
  const program = path.join(import.meta.dirname, '../testing/sweep-without-end.ts');
  for (let kill = 0; kill < 3; kill += 1) {
    for (let each = 0; each < 20; each += 1) await client.blob('mine/survivor', randomBytes(2000));
    const child = spawn(process.execPath, [program, front.storage], { stdio: ['ignore', 'pipe', 'inherit'] });
    // In the middle of its first sweep, when it has freed some and not all.
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await client.pull('mine/survivor', 'v1')).toEqual(kept.all);
  }
  const sweep = new RegistrySweep(front.storage);
  await sweep.run(signal(), AT_ONCE);
  expect(await client.pull('mine/survivor', 'v1')).toEqual(kept.all);
  await sweep.run(signal(), AT_ONCE);
  expect((await sweep.run(signal(), AT_ONCE)).freed).toEqual([]);
});
