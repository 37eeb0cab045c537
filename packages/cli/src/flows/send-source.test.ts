import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ApiFailure } from '@brainpod/api-client/failure';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CliFailure } from '../failure.ts';
import { BuildsStandIn, POD } from '../testing/builds-stand-in.ts';
import { BuildsConnection } from './builds-api.ts';
import { packDirectory } from './pack-directory.ts';
import { type SourceEvent, sendSource } from './send-source.ts';
import { archiveOf } from './source-archive.ts';

let home: string;
let root: string;
let server: BuildsStandIn;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'brainpod-send-'));
  root = join(home, 'source');
  mkdirSync(root);
  server = await BuildsStandIn.start();
});
afterEach(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

function write(files: Record<string, string | Buffer>): void {
  for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content);
}

async function send(between?: () => void, signal?: AbortSignal) {
  const api = new BuildsConnection({ endpoint: server.origin, token: 'key' });
  const packed = await packDirectory(root, { environment: { HOME: home } });
  between?.();
  const events: SourceEvent[] = [];
  const stop = signal === undefined ? {} : { signal };
  const report = (event: SourceEvent): number => events.push(event);
  const source = await sendSource({ api, pod: 'pod', packed, report, ...stop });
  return { source, events };
}

const SENDS = 'PUT /v1/pods/pod/sources/contents';

it('sends each content once, and nothing the second time', async () => {
  const large = Buffer.alloc(1_500_003, 'large');
  write({ a: 'same', b: 'same', empty: '', block: 'x'.repeat(512), large });
  const first = await send();
  expect(first.source).toMatch(/^sha256:[0-9a-f]{64}$/);
  const sent = { files: 4, bytes: 1_500_003 + 512 + 4, allFiles: 5 };
  expect(first.events).toEqual([
    { kind: 'sending', ...sent },
    { kind: 'sent', ...sent, allBytes: 1_500_003 + 512 + 8 },
  ]);
  expect(server.contents.size).toBe(4);
  const second = await send();
  expect(second).toEqual({
    source: first.source,
    events: [{ kind: 'sent', files: 0, bytes: 0, allFiles: 5, allBytes: 1_500_003 + 512 + 8 }],
  });
  write({ a: 'other' });
  expect((await send()).events[0]).toEqual({ kind: 'sending', files: 1, bytes: 5, allFiles: 5 });
  expect(server.seen.filter((call) => call === SENDS)).toHaveLength(2);
});

it('makes the same folder there: links, and what can be run', async () => {
  write({ '.gitignore': 'left-out\n', 'left-out': 'x', a: 'a', 'run.sh': '#!/bin/sh\n' });
  chmodSync(join(root, 'run.sh'), 0o700);
  mkdirSync(join(root, 'sub'));
  symlinkSync('../a', join(root, 'sub/link'));
  const { source } = await send();
  const there = join(home, 'there');
  await server.store.materialise(POD, source, there, AbortSignal.timeout(10_000));
  const found = readdirSync(there, { recursive: true, encoding: 'utf8' }).sort();
  expect(found).toEqual(['.gitignore', 'a', 'run.sh', 'sub', 'sub/link']);
  expect(readFileSync(join(there, 'sub/link'), 'utf8')).toBe('a');
  expect(readlinkSync(join(there, 'sub/link'))).toBe('../a');
  expect(['a', 'run.sh'].map((path) => statSync(join(there, path)).mode & 0o777)).toEqual([0o644, 0o755]);
});

it('is a tar that others can read', async () => {
  const large = Buffer.alloc(1_500_003, 'large');
  write({ a: 'a', empty: '', large });
  const { entries } = await packDirectory(root, { environment: { HOME: home } });
  const files = entries.flatMap((entry) => ('digest' in entry ? [entry] : []));
  const archive = join(home, 'archive.tar.gz');
  await pipeline(archiveOf(root, files), createWriteStream(archive));
  const listed = execFileSync('tar', ['-tvzf', archive], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
  const seen = listed
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/));
  expect(seen.map((parts) => [parts[0], Number(parts[2]), `sha256:${parts.at(-1)}`])).toEqual(
    files.map(({ digest, sizeBytes }) => ['-rw-r--r--', sizeBytes, digest]),
  );
});

it('sends again what got lost, and what a broken connection cut off', async () => {
  write({ a: 'a', b: 'b' });
  let calls = 0;
  server.onCall = (call) => (call === SENDS && ++calls === 1 ? 'break' : undefined);
  const lost = new Set<string>();
  server.keeps = (digest) => lost.size > 0 || !lost.add(digest);
  const { events } = await send();
  expect(events.map(({ kind }) => kind)).toEqual(['sending', 'sent']);
  expect(server.contents.size).toBe(2);
  expect(calls).toBe(3);
});

it('gives up where nothing arrives, and says so', async () => {
  write({ a: 'a' });
  server.keeps = () => false;
  await expect(send()).rejects.toThrow(/1 file of the source did not arrive/);
  server.onCall = (call) => (call === SENDS ? 'break' : undefined);
  await expect(send()).rejects.toThrow(/does not answer/);
});

it('says what the server says', async () => {
  write({ a: 'a' });
  server.onCall = (call) => (call === SENDS ? 400 : undefined);
  await expect(send()).rejects.toThrow(ApiFailure);
});

it.each([
  ['longer', 'longer'],
  ['as long as before', 'b'],
  ['shorter', ''],
])('refuses a file that changed while it was sent: now it is %s', async (_how, text) => {
  write({ a: 'a' });
  const failure: unknown = await send(() => write({ a: text })).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CliFailure);
  expect(String(failure)).toContain(`${join(root, 'a')} changed while it was sent.`);
  expect(server.contents.size).toBe(0);
});

it('says which file is gone when it is to be sent', async () => {
  write({ a: 'a' });
  await expect(send(() => rmSync(join(root, 'a')))).rejects.toThrow(
    /a cannot be read any longer: it is not there/,
  );
});

it('stops when it is told to', async () => {
  write({ a: 'a' });
  const stop = new AbortController();
  server.onCall = (call) => {
    if (call === SENDS) stop.abort();
    return undefined;
  };
  await expect(send(undefined, stop.signal)).rejects.toThrow();
  expect(server.seen.filter((call) => call === SENDS)).toHaveLength(1);
});
