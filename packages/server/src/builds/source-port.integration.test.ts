import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildServer } from '@brainpod/api/server';
import { StandInImages } from '@brainpod/api/testing/stand-in-images';
import { StandInKeeper } from '@brainpod/api/testing/stand-in-keeper';
import { SourceStore } from '@brainpod/builder/source/source-store';
import { FULL_POLICY } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sourcePort } from './source-port.ts';

// Real files over real connections into a real directory: what the API's own tests cannot see.

let at: TestStore;
let server: FastifyInstance;
let address: string;
let directory: string;
let sources: SourceStore;
let pod: { id: string; name: string };
let key: string;

beforeAll(async () => {
  at = await openTestStore();
  directory = await mkdtemp(join(tmpdir(), 'sources-'));
  sources = new SourceStore(join(directory, 'sources'));
  server = buildServer({
    store: at.store,
    domain: 'example.test',
    registryHost: 'registry.example.test',
    blueprints: [],
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    sources: sourcePort(sources),
    logger: pino({ level: 'silent' }),
  });
  address = await server.listen({ port: 0, host: '127.0.0.1' });
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  pod = await at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
  const made = await at.store.apiKeys.create({ userId, name: 'k', policy: FULL_POLICY, actor: TEST_ACTOR });
  key = made.secret;
});
afterAll(async () => {
  await server?.close();
  await at?.store.close();
  await rm(directory, { recursive: true, force: true });
});

function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** One entry of a tar, with a right checksum whatever is in it. */
function entry(name: string, text: string, type = '0', size = text.length): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
}

function file(text: string): Buffer {
  return entry(hexOf(text), text);
}

function open(headers: Record<string, string> = {}) {
  return request({
    port: new URL(address).port,
    host: '127.0.0.1',
    method: 'PUT',
    path: `/v1/pods/${pod.name}/sources/contents`,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-tar', ...headers },
  });
}

async function send(body: Buffer, headers: Record<string, string> = {}) {
  const sending = open(headers);
  // Who is refused is not heard out.
  sending.on('error', () => undefined);
  sending.end(body);
  const [response] = await once(sending, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, text: Buffer.concat(parts).toString() };
}

function isThere(text: string): Promise<boolean> {
  return sources.missing(pod.id, [`sha256:${hexOf(text)}`]).then((missing) => missing.length === 0);
}

test('files that are sent are there, packed or not', async () => {
  const tar = Buffer.concat([file('one'), file('x'.repeat(300_000)), Buffer.alloc(1024)]);
  expect(await send(tar)).toEqual({ status: 200, text: '{"received":2,"bytes":300003}' });
  const packed = gzipSync(Buffer.concat([file('two'), Buffer.alloc(1024)]));
  expect(await send(packed, { 'content-encoding': 'gzip' })).toMatchObject({ status: 200 });
  expect(await isThere('one')).toBe(true);
  expect(await isThere('two')).toBe(true);
});

test.each([
  ['a path that leads up', entry('../../../evil', 'evil')],
  ['an absolute path', entry('/etc/evil', 'evil')],
  ['a symbolic link', entry(hexOf('evil'), '', '2')],
  ['a hard link', entry(hexOf('evil'), '', '1')],
  ['another content than its name says', entry(hexOf('good'), 'evil')],
])('%s is refused in words, and only what came before it is kept', async (title, evil) => {
  const tar = Buffer.concat([file(title), evil, file(`after ${title}`), Buffer.alloc(1024)]);
  const { status, text } = await send(tar);
  expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining('1 files before it') });
  expect(text).toContain('VALIDATION_ERROR');
  expect(await isThere(title)).toBe(true);
  expect(await isThere(`after ${title}`)).toBe(false);
  expect(await isThere('good')).toBe(false);
  const all = await readdir(directory, { recursive: true });
  expect(all.filter((name) => name.includes('evil'))).toEqual([]);
  expect(await readdir(join(directory, 'sources', pod.id, 'incoming'))).toEqual([]);
});

const TEN_GIB = 10 * 2 ** 30;

test('a file that is said to have 8 GiB, the most that a tar can say, is refused before it comes', async () => {
  // A part of the file alone: whoever waited for the rest would never answer.
  const sending = open({ 'content-length': String(2 ** 30) });
  sending.on('error', () => undefined);
  const some = entry(hexOf('eight gigabytes'), 'x'.repeat(1000), '0', 8 * 2 ** 30 - 1);
  sending.write(Buffer.concat([file('before eight gigabytes'), some]));
  const [response] = await once(sending, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  expect(response.statusCode).toBe(400);
  expect(Buffer.concat(parts).toString()).toContain('is larger than 1 GiB');
  sending.destroy();
  expect(await isThere('before eight gigabytes')).toBe(true);
  expect(await readdir(join(directory, 'sources', pod.id, 'incoming'))).toEqual([]);
});

test('a body that is said to have 10 GiB is refused before it comes', async () => {
  const sending = open({ 'content-length': String(TEN_GIB) });
  sending.on('error', () => undefined);
  sending.flushHeaders();
  const [response] = await once(sending, 'response');
  expect(response.statusCode).toBe(413);
  response.resume();
  sending.destroy();
});

test('a connection that breaks in the middle of a file leaves the files before it, and nothing of that one', async () => {
  const sending = open({ 'content-length': '100000' });
  sending.on('error', () => undefined);
  sending.write(Buffer.concat([file('before the break'), file('y'.repeat(50_000)).subarray(0, 20_000)]));
  await waitFor(() => isThere('before the break'), { timeoutMs: 10_000, what: 'the first file' });
  sending.destroy();
  const incoming = join(directory, 'sources', pod.id, 'incoming');
  await waitFor(async () => (await readdir(incoming)).length === 0, { timeoutMs: 10_000, what: 'the end' });
  expect(await isThere('y'.repeat(50_000))).toBe(false);
});
