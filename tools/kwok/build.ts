import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../start/command.ts';
import { flush, moveInto } from '../start/envoy.ts';

const MODULE_DIR = import.meta.dirname;
const PACKAGE = 'sigs.k8s.io/kwok/cmd/kwok';
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];

/**
 * The `kwok` command, which plays kubelets. Built from its pinned module where the cache, a folder, does not hold it
 * yet. Its module stands by itself, so that what the engine is built of does not change with it.
 */
export async function ensureKwok(cacheDir: string, detail: (text: string) => void): Promise<string> {
  const parent = path.join(cacheDir, 'kwok');
  const target = path.join(parent, await buildKey());
  const binary = path.join(target, 'kwok');
  if (existsSync(binary)) return binary;
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, '.build-'));
  try {
    detail('building KWOK, once');
    const output = path.join(work, 'kwok');
    await runCommand('go', ['build', ...FLAGS, '-o', output, PACKAGE], {
      cwd: MODULE_DIR,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
      onLine: detail,
    });
    await flush(output);
    await moveInto(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return binary;
}

/** Names a build by all that it is made of. */
async function buildKey(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...FLAGS]));
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(path.join(MODULE_DIR, file)));
  hash.update(await runCommand('go', ['env', 'GOVERSION'], { cwd: MODULE_DIR }));
  return hash.digest('hex').slice(0, 20);
}
