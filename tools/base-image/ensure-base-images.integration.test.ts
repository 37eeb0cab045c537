import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDirectory } from '../start/engine-key.mjs';
import { ensureBaseImages } from './ensure-base-images.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
/** A second making takes as long as the first: in npm run verify. */
const MAKES_TWICE = process.env.BRAINPOD_TEST_EVERY_STEP === '1';

const KEPT_MS = 24 * 60 * 60_000;

let registry: RunningDistribution;
let directory: string;
let first: string;

beforeAll(async () => {
  registry = await startDistribution();
  directory = await mkdtemp(join(tmpdir(), 'brainpod-base-image-test-'));
  first = MAKES_TWICE ? join(directory, 'first') : await keptLayers();
});
afterAll(async () => {
  await registry?.stop();
  await rm(directory, { recursive: true, force: true });
});

/**
 * Where the layers lie that this very code has made: to make them takes longer than all else here, and gives the same
 * until somebody changes it. What other code has made goes after a day.
 */
async function keptLayers(): Promise<string> {
  const all = join(cacheDirectory(process.env, homedir()), 'base-image-test');
  const own = join(all, await keyOfCode());
  await mkdir(own, { recursive: true });
  await utimes(own, new Date(), new Date());
  for (const name of await readdir(all)) {
    const { mtimeMs } = await stat(join(all, name));
    if (mtimeMs < Date.now() - KEPT_MS) await rm(join(all, name), { recursive: true, force: true });
  }
  return own;
}

async function keyOfCode(): Promise<string> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\n`).update(await readFile(join(import.meta.dirname, name)));
  return hash.digest('hex').slice(0, 20);
}

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
    const isThere = existsSync(join(first, 'downloads'));
    const options = { registryUrl: registry.origin, report: (step: string) => steps.push(step) };
    expect(
      await ensureBaseImages(['node:24', 'debian:trixie-slim'], { ...options, cacheDir: first }),
    ).toEqual([
      { name: 'node:24', made: true },
      { name: 'debian:trixie-slim', made: true },
    ]);
    expect(steps).toContain('pushing docker.io/library/node:24');
    // What broke off in the middle is made again.
    if (!isThere) expect(steps).toContain('downloading packages with apt');
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
