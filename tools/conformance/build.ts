import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../start/command.ts';
import { flush, moveInto } from '../start/envoy.ts';

const MODULE_DIR = import.meta.dirname;
const MODULE = 'sigs.k8s.io/gateway-api/conformance';
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
const ENVIRONMENT = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };

/**
 * The built suite. `images` are the names of all images that its manifests use; `echo` is the program in those named
 * echo-basic.
 */
export type Suite = { program: string; echo: string; version: string; images: string[] };

/** Builds the suite and its echo server where the cache, a folder, does not hold them yet. */
export async function ensureSuite(cacheDir: string, detail: (text: string) => void): Promise<Suite> {
  const parent = path.join(cacheDir, 'gateway-conformance');
  const target = path.join(parent, await buildKey());
  if (!existsSync(target)) await build(parent, target, detail);
  const [version = '', moduleDir = ''] = (
    await go(['list', '-m', '-f', '{{.Version}} {{.Dir}}', MODULE], () => undefined)
  )
    .trim()
    .split(' ');
  return {
    program: path.join(target, 'conformance.test'),
    echo: path.join(target, 'echo-basic'),
    version,
    images: await imagesIn([path.join(moduleDir, 'base'), path.join(moduleDir, 'tests')]),
  };
}

async function build(parent: string, target: string, detail: (text: string) => void): Promise<void> {
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, '.build-'));
  try {
    const [suite, echo] = [path.join(work, 'conformance.test'), path.join(work, 'echo-basic')];
    detail('building the conformance suite, once');
    await go(['test', '-c', ...FLAGS, '-o', suite, MODULE], detail);
    await go(['build', ...FLAGS, '-o', echo, `${MODULE}/echo-basic`], detail);
    for (const file of [suite, echo]) await flush(file);
    await moveInto(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function go(args: readonly string[], onLine: (text: string) => void): Promise<string> {
  return runCommand('go', args, { cwd: MODULE_DIR, env: ENVIRONMENT, onLine });
}

/** Names a build by all that it is made of. */
async function buildKey(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...FLAGS]));
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(path.join(MODULE_DIR, file)));
  hash.update(await runCommand('go', ['env', 'GOVERSION'], { cwd: MODULE_DIR }));
  return hash.digest('hex').slice(0, 20);
}

async function imagesIn(folders: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const folder of folders) {
    for (const file of await readdir(folder)) {
      if (!file.endsWith('.yaml')) continue;
      const text = await readFile(path.join(folder, file), 'utf8');
      for (const [, name = ''] of text.matchAll(/^\s*(?:- )?image: (\S+)$/gm)) names.add(name);
    }
  }
  return [...names].sort();
}
