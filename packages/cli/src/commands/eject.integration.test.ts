import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '@brainpod/builder/execute/build-image';
import { type RunningBuildkit, startBuildkit } from '@brainpod/builder/testing/buildkit';
import {
  engineBinary,
  type RunningDistribution,
  startDistribution,
} from '@brainpod/registry/testing/distribution';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planDirectory } from '../flows/plan-directory.ts';
import { recordedCli } from '../testing/recorded-cli.ts';

const { home, run } = recordedCli();
let registry: RunningDistribution;
let buildkit: RunningBuildkit;

beforeAll(async () => {
  registry = await startDistribution();
  buildkit = await startBuildkit(engineBinary('buildkitd'), {
    mirror: `${new URL(registry.origin).host}/docker.io`,
  });
});
afterAll(async () => {
  await buildkit?.stop();
  await registry?.stop();
});

async function source(name: string, files: Record<string, string>): Promise<string> {
  const directory = join(home(), name);
  await mkdir(directory);
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
  return directory;
}

async function build(
  directory: string,
  {
    repository,
    tag = 'latest',
    plan,
  }: { repository: string; tag?: string; plan?: ReturnType<typeof planDirectory> },
): Promise<string> {
  const { digest } = await buildImage({
    directory,
    ...(plan === undefined ? {} : { plan }),
    buildctl: engineBinary('buildctl'),
    buildkitAddress: buildkit.address,
    registryEndpoint: registry.origin,
    repository,
    tag,
    apiKey: 'none',
    environment: { PATH: '/usr/bin:/bin', HOME: home() },
    onEvent: () => undefined,
  });
  return digest;
}

it('what is written down builds to the very image that the plan does', async () => {
  const base = await source('base', { Dockerfile: 'FROM scratch\nCOPY base.txt /\n', 'base.txt': 'nginx' });
  await build(base, { repository: 'docker.io/library/nginx', tag: 'stable' });
  const directory = await source('site', { 'index.html': '<p>hello</p>', '.env': 'PASSWORD=1' });
  const planned = await build(directory, { repository: 'mine/site', plan: planDirectory(directory) });
  expect((await run(`build ${directory} --eject`)).exitCode).toBe(0);
  expect(await build(directory, { repository: 'mine/ejected' })).toBe(planned);
  await writeFile(join(directory, 'index.html'), '<p>good morning</p>');
  expect(await build(directory, { repository: 'mine/ejected' })).not.toBe(planned);
});
