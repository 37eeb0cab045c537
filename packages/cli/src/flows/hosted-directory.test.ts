import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BuildsStandIn, WAITING } from '../testing/builds-stand-in.ts';
import { BuildsConnection } from './builds-api.ts';
import { buildHosted } from './hosted-directory.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

let home: string;
let server: BuildsStandIn;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'brainpod-hosted-'));
  mkdirSync(join(home, 'source'));
  writeFileSync(join(home, 'source', 'notes.txt'), 'text');
  server = await BuildsStandIn.start();
});
afterEach(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

async function build(more: { builder?: 'dockerfile'; signal?: AbortSignal } = {}) {
  return await buildHosted({
    api: new BuildsConnection({ endpoint: server.origin, token: 'key' }),
    pod: 'pod',
    directory: join(home, 'source'),
    image: 'web',
    tag: 'v1',
    environment: { HOME: home },
    report: () => undefined,
    ...more,
  });
}

function addDockerfile(): void {
  writeFileSync(join(home, 'source', 'Dockerfile'), 'FROM scratch\n');
}

it('sends a folder and gives the image that was built of it', async () => {
  addDockerfile();
  const image = { repository: 'web', tag: 'v1', reference: null, digest: DIGEST };
  server.build = { ...WAITING, state: 'ready', image };
  expect(await build()).toEqual({ build: server.build, digest: DIGEST, builder: 'dockerfile' });
  expect(server.requests).toEqual([
    { image: 'web', tag: 'v1', builder: 'auto', source: expect.stringMatching(/^sha256:/) },
  ]);
});

it('asks what cannot be decided before anything is sent', async () => {
  await expect(build()).rejects.toThrow(/how to build it cannot be told from its files/);
  await expect(build({ builder: 'dockerfile' })).rejects.toThrow(/has no Dockerfile/);
  expect(server.seen).toEqual([]);
});

it('says that nothing was built where it was stopped before', async () => {
  addDockerfile();
  const stop = new AbortController();
  server.onCall = () => void stop.abort();
  await expect(build({ signal: stop.signal })).rejects.toThrow('Stopped. Nothing was built.');
  expect(server.requests).toEqual([]);
});
