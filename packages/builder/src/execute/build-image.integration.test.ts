import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRegistryFront } from '@brainpod/registry/front';
import {
  engineBinary,
  type RunningDistribution,
  startDistribution,
} from '@brainpod/registry/testing/distribution';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningBuildkit, startBuildkit } from '../testing/buildkit.ts';
import { BuildError } from './build-error.ts';
import type { BuildEvent } from './build-event.ts';
import { type BuildOptions, buildImage } from './build-image.ts';
import { readImageConfig } from './image-config.ts';
import { PROVENANCE_TYPE, readProvenance } from './provenance.ts';

const apiKey = 'brain_build_test_key';
const OTHER_PASSWORD = 'opens the other one';

let distribution: RunningDistribution;
let buildkit: RunningBuildkit;
let front: Server;
let otherFront: Server;
let registryEndpoint: string;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'brainpod-builder-test-'));
  distribution = await startDistribution();
  buildkit = await startBuildkit(engineBinary('buildkitd'));
  [front, otherFront] = await Promise.all([openFront(apiKey), openFront(OTHER_PASSWORD)]);
  registryEndpoint = originOf(front);
});

/** A registry, with all that was pushed to the one storage, that is open to whoever knows a password. */
async function openFront(password: string): Promise<Server> {
  const server = createServer(
    createRegistryFront<string>({
      upstream: distribution.origin,
      registryHost: 'registry.test',
      authenticate: async (secret) => (secret === password ? 'someone' : null),
      isAllowed: (_, __, pod) => pod === 'mine',
      verifyPullToken: () => false,
      logger: { warn: () => undefined, error: () => undefined },
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function originOf(server: Server): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

afterAll(async () => {
  await buildkit?.stop();
  for (const server of [front, otherFront]) {
    server?.close();
    server?.closeAllConnections();
  }
  await distribution?.stop();
  await rm(root, { recursive: true, force: true });
});

async function source(name: string, files: Record<string, string>): Promise<string> {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
  return directory;
}

async function build(directory: string, changes: Partial<BuildOptions> = {}) {
  const events: BuildEvent[] = [];
  const built = await buildImage({
    directory,
    buildctl: engineBinary('buildctl'),
    buildkitAddress: buildkit.address,
    registryEndpoint,
    repository: 'mine/app',
    tag: 'v1',
    apiKey,
    environment: { PATH: '/usr/bin:/bin', HOME: root },
    onEvent: (event) => events.push(event),
    ...changes,
  });
  return { built, events };
}

async function failureOf(work: Promise<unknown>): Promise<BuildError> {
  const outcome = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof BuildError) return outcome;
  throw new Error(`Expected a BuildError, got ${String(outcome)}`);
}

describe('a build', () => {
  it('is the same image when nothing has changed, and BuildKit tells which base it is of', async () => {
    const parent = await source('provenance-base', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /base\n' });
    const { built: base } = await build(parent, { repository: 'mine/base' });
    const image = `${new URL(registryEndpoint).host}/mine/base:v1`;
    const directory = await source('provenance', {
      Dockerfile: `FROM ${image}\nARG TOKEN=not-told\nENV SET=$TOKEN\nCOPY index.html /\nUSER 1000\n`,
      'index.html': 'hello',
    });
    const [{ built }, { built: again }] = [await build(directory), await build(directory)];
    expect(again.digest).toBe(built.digest);
    const query = {
      ...{ buildctl: engineBinary('buildctl'), buildkitAddress: buildkit.address },
      ...{ environment: { PATH: '/usr/bin:/bin' }, signal: AbortSignal.timeout(30_000) },
    };
    const origin = { builder: 'https://registry.test', build: 'b1', source: `sha256:${'5'.repeat(64)}` };
    const told = await readProvenance({ ...query, ref: built.ref }, origin);
    expect(told?.predicateType).toBe(PROVENANCE_TYPE);
    const json = Buffer.from(told?.predicateJson ?? []).toString('utf8');
    expect(JSON.parse(json)).toMatchObject({
      buildDefinition: {
        resolvedDependencies: [
          { name: 'source', digest: { sha256: '5'.repeat(64) } },
          { uri: expect.stringContaining('mine/base'), digest: { sha256: base.digest.slice(7) } },
        ],
      },
      runDetails: { metadata: { invocationId: 'b1', startedOn: expect.stringMatching(/Z$/) } },
    });
    expect(json).not.toMatch(/not-told|\/tmp|\/root/);
    expect(await readProvenance({ ...query, ref: 'of-nothing' }, origin)).toBeNull();
  });

  it('is done by the Dockerfile that is named', async () => {
    const directory = await source('two-dockerfiles', {
      Dockerfile: 'FROM scratch\nCOPY nothing /\n',
      'docker/app.Dockerfile': 'FROM scratch\nCOPY index.html /\nUSER 1000\n',
      'index.html': 'hello',
    });
    const { built } = await build(directory, { dockerfile: 'docker/app.Dockerfile' });
    expect(built.digest).toMatch(/^sha256:/);
    const missing = await failureOf(build(directory, { dockerfile: 'docker/other.Dockerfile' }));
    expect(missing.failure.kind).toBe('no-dockerfile');
  });

  it('leaves out what .dockerignore names, pushes the image and says its digest', async () => {
    const directory = await source('with a comma, and = sign', {
      Dockerfile: 'FROM scratch\nCOPY . /app\nEXPOSE 9000 8080/tcp 53/udp\nUSER 1000\n',
      '.dockerignore': 'secret.env\n',
      'secret.env': 'PASSWORD=1',
      'index.html': 'hello',
    });
    const { built, events } = await build(directory);
    expect(built.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(events.some((event) => event.kind === 'step-done' && event.name.includes('COPY . /app'))).toBe(
      true,
    );
    const image = { registryEndpoint, repository: 'mine/app', reference: built.digest, apiKey };
    expect(await readImageConfig(image)).toEqual({
      user: '1000',
      exposedPorts: [8080, 9000],
      architecture: 'amd64',
    });
    const copied = await source('copied', {
      Dockerfile: 'FROM scratch\nCOPY secret.env /\n',
      '.dockerignore': 'secret.env\n',
      'secret.env': 'x',
    });
    expect((await failureOf(build(copied))).reason).toContain('"/secret.env": not found');
  });

  it('leaves nothing behind, in particular not the key', async () => {
    const before = await readdir(tmpdir());
    await build(await source('clean', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' }));
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith('brainpod-build-'));
    expect(left.filter((name) => !before.includes(name))).toEqual([]);
  });
});

it('says so where the program that talks to BuildKit is not there', async () => {
  const directory = await source('unstarted', { Dockerfile: 'FROM scratch\n' });
  const missing = await failureOf(build(directory, { buildctl: '/nonexistent/buildctl' }));
  expect([missing.failure.kind, missing.message]).toEqual([
    'unreachable',
    expect.stringContaining('could not be started (/nonexistent/buildctl)'),
  ]);
});

describe('an image of another registry that is not for everybody', () => {
  it('is begun with by who can log in there, and nobody else', async () => {
    const base = await source('base', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /base\nUSER 1000\n' });
    await build(base, { repository: 'mine/base' });
    const registry = new URL(originOf(otherFront)).host;
    const directory = await source('on-base', { Dockerfile: `FROM ${registry}/mine/base:v1\n` });
    const login = { registry, username: 'api', password: OTHER_PASSWORD };
    for (const logins of [[], [{ ...login, password: 'another' }]]) {
      const refused = await failureOf(build(directory, { logins }));
      expect([refused.failure.kind, refused.message]).toEqual([
        'dockerfile',
        expect.stringContaining(`brainpod registry credentials set ${registry} --username NAME`),
      ]);
      expect(refused.message).not.toContain('another');
    }
    const own = { ...login, registry: new URL(registryEndpoint).host, password: 'not ours' };
    const { built, events } = await build(directory, { logins: [login, own] });
    expect(built.digest).toMatch(/^sha256:/);
    expect(JSON.stringify(events)).not.toContain(OTHER_PASSWORD);
  });
});

describe('a broken Dockerfile', () => {
  it('is shown with the failing line, what the command said and what BuildKit says', async () => {
    const directory = await source('failing', {
      Dockerfile: 'FROM scratch\nCOPY program /program\n\nRUN ["/program", "--no-such-flag"]\nUSER 1000\n',
    });
    await cp(engineBinary('buildctl'), join(directory, 'program'));
    const error = await failureOf(build(directory));
    expect(error.failure).toMatchObject({
      kind: 'dockerfile',
      line: { number: 4, text: 'RUN ["/program", "--no-such-flag"]' },
    });
    expect(error.reason).toContain('did not complete successfully: exit code: 1');
    expect(error.log.join('\n')).toContain('GLOBAL OPTIONS');
  });

  it.each([
    ['an unknown instruction', 'FROM scratch\nRUNN x\n', 2, 'unknown instruction: RUNN'],
    ['a missing file', 'FROM scratch\nCOPY nothing /\n', 2, '"/nothing": not found'],
  ])('%s', async (name, text, number, words) => {
    const error = await failureOf(build(await source(name, { Dockerfile: text })));
    expect(error.failure).toMatchObject({ kind: 'dockerfile', line: { number } });
    expect(error.message).toContain(words);
  });

  it('is asked for where there is none', async () => {
    const error = await failureOf(build(await source('no file', {})));
    expect(error.failure.kind).toBe('no-dockerfile');
    expect(error.message).toContain('Add one');
  });
});

describe('what is not the Dockerfile', () => {
  it('a key without the right to push', async () => {
    const directory = await source('refused', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
    for (const changes of [{ apiKey: 'brain_wrong' }, { repository: 'other/app' }]) {
      const error = await failureOf(build(directory, changes));
      expect(error.failure.kind).toBe('push');
      expect(error.message).not.toContain('brain_wrong');
    }
  });

  it('a builder that is not there', async () => {
    const directory = await source('away', { Dockerfile: 'FROM scratch\n' });
    const work = buildImage({
      directory,
      buildctl: engineBinary('buildctl'),
      buildkitAddress: `unix://${join(root, 'none.sock')}`,
      registryEndpoint,
      repository: 'mine/app',
      tag: 'v1',
      apiKey,
      environment: { PATH: '/usr/bin:/bin' },
      onEvent: () => undefined,
    });
    expect((await failureOf(work)).failure.kind).toBe('unreachable');
  });

  it('a build that is cancelled', async () => {
    const directory = await source('cancelled', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
    const work = buildImage({
      directory,
      buildctl: engineBinary('buildctl'),
      buildkitAddress: buildkit.address,
      registryEndpoint,
      repository: 'mine/app',
      tag: 'v1',
      apiKey,
      environment: { PATH: '/usr/bin:/bin' },
      onEvent: () => undefined,
      signal: AbortSignal.abort(),
    });
    expect((await failureOf(work)).failure.kind).toBe('cancelled');
  });
});
