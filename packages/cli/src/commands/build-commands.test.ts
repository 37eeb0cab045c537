import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BuildLogEntry } from '../flows/builds-api.ts';
import { BuildsStandIn, WAITING } from '../testing/builds-stand-in.ts';
import { runInProcess } from '../testing/run-in-process.ts';

const STARTED = '2026-11-23T12:00:02.000Z';
const FINISHED = '2026-11-23T12:00:09.500Z';
const DIGEST = `sha256:${'a'.repeat(64)}`;

const LOG: BuildLogEntry[] = [
  { kind: 'plan', name: 'Node 24', line: 'the newest that is supported', step: '' },
  { kind: 'step-started', name: '[1/2] FROM node:24', step: 'a' },
  { kind: 'step-done', name: '[1/2] FROM node:24', step: 'a', cached: true, durationMs: 1 },
  { kind: 'step-started', name: '[2/2] RUN npm ci', step: 'b' },
  { kind: 'log', name: '[2/2] RUN npm ci', step: 'b', line: '\u001b[31madded\u001b[0m 3\tpackages\u0007' },
  { kind: 'step-failed', name: '[2/2] RUN npm ci', step: 'b' },
  { kind: 'note', name: '', line: 'Interrupted, and begun again.', step: '' },
].map((entry, index) => ({ seq: index + 1, at: STARTED, ...(entry as Omit<BuildLogEntry, 'seq' | 'at'>) }));

let server: BuildsStandIn;
let home: string;

beforeEach(async () => {
  server = await BuildsStandIn.start();
  home = mkdtempSync(join(tmpdir(), 'brainpod-build-commands-'));
});
afterEach(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

async function brainpod(args: string[], signal?: AbortSignal) {
  return await runInProcess(args, {
    environment: {
      HOME: home,
      TZ: 'UTC',
      BRAINPOD_API_ENDPOINT: server.origin,
      BRAINPOD_API_TOKEN: 'brain_key',
      BRAINPOD_POD: 'pod',
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

it('lists builds, of folders and from elsewhere', async () => {
  server.build = { ...WAITING, state: 'ready', startedAt: STARTED, finishedAt: FINISHED, source: DIGEST };
  const { stdout, exitCode } = await brainpod(['build', 'list', '--limit', '5', '--branch', 'main']);
  expect(exitCode).toBe(0);
  const [header, row] = stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(header).toEqual(['ID', 'STATE', 'IMAGE', 'SOURCE', 'CREATED', 'TOOK']);
  expect([row?.[1], row?.[2], row?.[3], row?.[5]]).toEqual([
    'ready',
    'web:latest',
    'folder aaaaaaaaaaaa',
    '7.5s',
  ]);
  server.build = {
    ...server.build,
    image: null,
    artifacts: [{ name: 'shop', uri: 'registry.example/shop' }],
    tags: { 'github.repo': 'octo/shop', 'git.refname': 'main', 'git.rev': '1a2b3c4d5e6f' },
  };
  expect((await brainpod(['build', 'list'])).stdout).toContain('shop   octo/shop main 1a2b3c4');
});

it('shows a build that failed, with its reason and where its log is', async () => {
  server.build = { ...WAITING, state: 'failed', error: 'Line 3 failed.', ahead: null };
  const { stdout } = await brainpod(['build', 'get', WAITING.id]);
  expect(stdout).toContain('State      failed\n');
  expect(stdout.trimEnd().split('\n').slice(-2)).toEqual([
    'Line 3 failed.',
    `Its whole log: brainpod build log ${WAITING.id}`,
  ]);
  const { stdout: json } = await brainpod(['--json', 'build', 'get', WAITING.id]);
  expect(JSON.parse(json)).toEqual(server.build);
});

it('shows how many are before one that waits', async () => {
  server.build = { ...WAITING, ahead: 3 };
  expect((await brainpod(['build', 'get', WAITING.id])).stdout).toContain('waiting (3 before it)');
});

it('shows a log page by page, and nothing in it that a terminal would obey', async () => {
  server.log = LOG;
  server.logPage = 3;
  const { stdout, exitCode } = await brainpod(['build', 'log', WAITING.id]);
  expect(exitCode).toBe(0);
  expect(stdout.trimEnd().split('\n')).toEqual([
    '→ Node 24: the newest that is supported',
    '→ [1/2] FROM node:24',
    '✓ [1/2] FROM node:24 cached',
    '→ [2/2] RUN npm ci',
    '  added 3  packages',
    '✗ [2/2] RUN npm ci',
    'Interrupted, and begun again.',
  ]);
  const { stdout: json } = await brainpod(['--json', 'build', 'log', WAITING.id]);
  expect(
    json
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(LOG);
});

it('follows a log to its end, and fails where the build did', async () => {
  server.log = LOG;
  server.build = { ...WAITING, state: 'failed', error: 'Line 3 failed.' };
  const followed = await brainpod(['build', 'log', '-f', WAITING.id]);
  expect([followed.exitCode, followed.stdout.trimEnd().split('\n').length]).toEqual([1, LOG.length]);
  expect(followed.stderr).toContain('error: Line 3 failed.');
});

it('stops following and not the build', async () => {
  server.log = LOG;
  server.build = { ...WAITING, state: 'pending', ahead: null };
  const stop = new AbortController();
  let calls = 0;
  server.onCall = () => {
    if (++calls === 3) stop.abort();
    return undefined;
  };
  const { stderr, exitCode } = await brainpod(['build', 'log', '--follow', WAITING.id], stop.signal);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('Stopped watching. The build goes on.');
  expect(server.build.state).toBe('pending');
});

it('cancels a build', async () => {
  expect((await brainpod(['build', 'cancel', WAITING.id])).stdout).toBe('✓ The build is cancelled.\n');
  expect(server.seen).toEqual([`POST /v1/pods/pod/builds/${WAITING.id}/cancel`]);
});
