import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BuildsStandIn, WAITING } from '../testing/builds-stand-in.ts';
import { BuildsConnection } from './builds-api.ts';
import type { BuildChoice } from './choose-builder.ts';
import { buildHosted, type HostedDirectoryOptions } from './hosted-directory.ts';

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

async function build(more: Partial<HostedDirectoryOptions> = {}) {
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
    { image: 'web', tag: 'v1', builder: 'auto', source: expect.stringMatching(/^sha256:/), labels: {} },
  ]);
});

it('asks what cannot be decided before anything is sent', async () => {
  await expect(build()).rejects.toThrow(/how to build it cannot be told from its files/);
  await expect(build({ choice: { builder: 'dockerfile' } })).rejects.toThrow(/has no Dockerfile/);
  expect(server.seen).toEqual([]);
});

it('says what is to be done otherwise, and where the source comes from', async () => {
  const image = { repository: 'web', tag: 'v1', reference: null, digest: DIGEST };
  server.build = { ...WAITING, state: 'ready', image };
  addDockerfile();
  writeFileSync(join(home, 'source', 'package.json'), '{}');
  const overrides = { start: 'node .', nodeVersion: '22' };
  const wanted = { GITHUB_WORKFLOW: 'Deploy', HOME: home };
  await build({ choice: { builder: 'plan', overrides }, environment: wanted });
  await build({ choice: { dockerfile: 'Dockerfile' } });
  expect(server.requests).toMatchObject([
    { builder: 'plan', overrides, labels: { 'github.workflow': 'Deploy' } },
    { builder: 'auto', dockerfile: 'Dockerfile' },
  ]);
});

it('refuses what would count for nothing', async () => {
  addDockerfile();
  const refused = (choice: BuildChoice) => build({ choice }).catch((error: Error) => error.message);
  expect(await refused({ overrides: { start: 'node .', install: 'npm ci' } })).toContain(
    'has a Dockerfile, which says how it is built: --install-command, --start would count for nothing.',
  );
  expect(await refused({ builder: 'plan', dockerfile: 'Dockerfile' })).toContain('Either --dockerfile');
  expect(await refused({ dockerfile: 'docker/web' })).toContain('has no docker/web.');
  expect(server.seen).toEqual([]);
});

it('says that nothing was built where it was stopped before', async () => {
  addDockerfile();
  const stop = new AbortController();
  server.onCall = () => void stop.abort();
  await expect(build({ signal: stop.signal })).rejects.toThrow('Stopped. Nothing was built.');
  expect(server.requests).toEqual([]);
});

it('builds nothing again of the same source where that is enough, and the image is still there', async () => {
  addDockerfile();
  const image = { repository: 'web', tag: 'v1', reference: null, digest: DIGEST };
  server.build = { ...WAITING, state: 'ready', image };
  const isThere = async (): Promise<boolean> => true;
  await build({ isThere });
  const [{ source }] = server.requests as [{ source: string }];
  server.build = { ...server.build, source };
  expect(await build({ isThere })).toEqual({ build: server.build, digest: DIGEST, builder: 'dockerfile' });
  expect(server.requests).toHaveLength(1);
  await build({ isThere, tag: 'v2' });
  await build({ isThere: async () => false });
  await build();
  expect(server.requests).toHaveLength(4);
  writeFileSync(join(home, 'source', 'notes.txt'), 'another text');
  await build({ isThere });
  expect(server.requests).toHaveLength(5);
});
