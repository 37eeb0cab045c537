import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureBaseImages } from './ensure-base-images.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
/** A second making takes as long as the first: in npm run verify. */
const MAKES_TWICE = process.env.BRAINPOD_TEST_EVERY_STEP === '1';

let registry: RunningDistribution;
let directory: string;
let first: string;

beforeAll(async () => {
  registry = await startDistribution();
  directory = await mkdtemp(join(tmpdir(), 'brainpod-base-image-test-'));
  first = join(directory, 'first');
});
afterAll(async () => {
  await registry?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function layers(cacheDir: string): Promise<{ name: string; digest: string; diffId: string }[]> {
  const [key = ''] = (await readdir(cacheDir)).filter((name) => name !== 'downloads');
  return await Promise.all(
    ['debian', 'node'].map(async (name) => ({
      ...JSON.parse(await readFile(join(cacheDir, key, `${name}.json`), 'utf8')),
      file: '',
      name,
    })),
  );
}

it(
  'makes images once, and they hold what a Dockerfile expects',
  async () => {
    const steps: string[] = [];
    const options = { registryUrl: registry.origin, report: (step: string) => steps.push(step) };
    expect(
      await ensureBaseImages(['node:24', 'debian:trixie-slim'], { ...options, cacheDir: first }),
    ).toEqual([
      { name: 'node:24', made: true },
      { name: 'debian:trixie-slim', made: true },
    ]);
    expect(steps).toContain('downloading packages with apt');
    expect(await ensureBaseImages(['node:24'], { ...options, cacheDir: first })).toEqual([
      { name: 'node:24', made: false },
    ]);

    const [key = ''] = (await readdir(first)).filter((name) => name !== 'downloads');
    const root = join(directory, 'root');
    await run('mkdir', [root]);
    for (const layer of ['debian', 'node']) {
      await run('tar', ['-xzf', join(first, key, `${layer}.tar.gz`), '-C', root]);
    }
    const inside = async (...command: string[]) => (await run('chroot', [root, ...command])).stdout.trim();
    expect(await inside('/usr/local/bin/node', '--version')).toMatch(/^v24\./);
    expect(await inside('/usr/bin/env', 'PATH=/usr/local/bin:/usr/bin:/bin', 'npm', '--version')).toMatch(
      /^11\./,
    );
    expect(await inside('/usr/bin/id', 'node')).toBe('uid=1000(node) gid=1000(node) groups=1000(node)');
    expect(await inside('/usr/bin/stat', '-c', '%U:%G %a', '/home/node', '/tmp')).toBe(
      'node:node 755\nroot:root 1777',
    );
    expect(await readFile(join(root, 'etc/os-release'), 'utf8')).toContain('VERSION_CODENAME=trixie');
    expect(await readdir(join(root, 'dev'))).toEqual([]);
  },
  TIMEOUT_MS,
);

if (MAKES_TWICE) {
  it(
    'makes the same image from the same inputs',
    async () => {
      const other = await startDistribution();
      const second = join(directory, 'second');
      await ensureBaseImages(['node:24'], {
        registryUrl: other.origin,
        report: () => undefined,
        cacheDir: second,
      });
      await other.stop();
      expect(await layers(second)).toEqual(await layers(first));
    },
    TIMEOUT_MS,
  );
}
