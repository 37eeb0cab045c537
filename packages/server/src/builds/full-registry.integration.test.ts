import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { BuildError } from '@brainpod/builder/execute/build-error';
import { buildImage } from '@brainpod/builder/execute/build-image';
import { readImageConfig } from '@brainpod/builder/execute/image-config';
import { type RunningBuildkit, startBuildkit } from '@brainpod/builder/testing/buildkit';
import { engineBinary } from '@brainpod/registry/testing/distribution';
import { type RunningFront, startFront } from '@brainpod/registry/testing/front';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pushFailure } from './push-failure.ts';

const MIB = 1024 * 1024;
const KEY = 'brain_mine';
const run = promisify(execFile);

let root: string;
let disk: string;
let front: RunningFront;
let buildkit: RunningBuildkit;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'brainpod-full-registry-'));
  disk = path.join(root, 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  front = await startFront(KEY, { folder: disk });
  buildkit = await startBuildkit(engineBinary('buildkitd'));
});
afterAll(async () => {
  await buildkit?.stop();
  // What is mounted cannot be removed with the rest.
  await front?.stop().catch((error: unknown) => expect(error).toMatchObject({ code: 'EBUSY' }));
  await run('umount', [disk]);
  await rm(root, { recursive: true, force: true });
});

/** Of a folder with so many bytes that cannot be packed. */
async function build(name: string, bytes: number): Promise<{ digest: string }> {
  const directory = path.join(root, name);
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'Dockerfile'), 'FROM scratch\nCOPY data /\nUSER 1000\n');
  await writeFile(path.join(directory, 'data'), randomBytes(bytes));
  return await buildImage({
    directory,
    buildctl: engineBinary('buildctl'),
    buildkitAddress: buildkit.address,
    registryEndpoint: front.origin,
    repository: `mine/${name}`,
    tag: 'v1',
    apiKey: KEY,
    environment: { PATH: '/usr/bin:/bin', HOME: root },
    onEvent: () => undefined,
  });
}

function configOf(name: string, { digest }: { digest: string }) {
  return readImageConfig({
    ...{ registryEndpoint: front.origin, apiKey: KEY },
    ...{ repository: `mine/${name}`, reference: digest },
  });
}

it('ends a build in words while the disk of the registry is full, and takes the next one when there is room', async () => {
  const kept = await build('kept', MIB);
  const { bavail, bsize } = await statfs(disk);
  const filler = path.join(disk, 'filler');
  await writeFile(filler, randomBytes(bavail * bsize - 2 * MIB));

  const refused: unknown = await build('large', 4 * MIB).catch((error: unknown) => error);
  if (!(refused instanceof BuildError)) throw new Error(`It was pushed, or failed otherwise: ${refused}`);
  expect(refused.failure.kind).toBe('push');
  const told = pushFailure(refused.reason);
  expect(told).toContain('the registry of the platform has no room left');
  expect(told).not.toMatch(/blob|rpc|http/i);
  expect(await configOf('kept', kept)).toMatchObject({ user: '1000' });

  await rm(filler);
  const again = await build('large', 4 * MIB);
  expect(await configOf('large', again)).toMatchObject({ user: '1000' });
});

it('tells what the builder says of a push that failed for another reason', () => {
  expect(pushFailure('403 Forbidden')).toBe('The image was built, but could not be pushed.\n403 Forbidden');
});
