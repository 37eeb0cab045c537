import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './start/command.ts';
import { flush, moveInto } from './start/envoy.ts';

/** What every program is built with. */
export const GO_FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];

const ENVIRONMENT = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };

export type GoProgram = {
  /** The folder with its go.mod, which pins it. It stands by itself, so that what the engine is built of does not change with it. */
  moduleDir: string;
  /** The package that is the program. */
  package: string;
  /** What it is called in the cache and when it is built. */
  name: string;
};

/** The path of a program, built where the cache, a folder, does not hold it yet. */
export async function ensureGoProgram(
  { moduleDir, package: of, name }: GoProgram,
  cacheDir: string,
  detail: (text: string) => void,
): Promise<string> {
  const target = await ensureCached(path.join(cacheDir, name), await goKey(moduleDir), async (folder) => {
    detail(`building ${name}, once`);
    const output = path.join(folder, name);
    await runGo(moduleDir, ['build', ...GO_FLAGS, '-o', output, of], detail);
    await flush(output);
  });
  return path.join(target, name);
}

/** The folder `<parent>/<key>`, filled by `make` where it is not there yet: whole, or not at all. */
export async function ensureCached(
  parent: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const target = path.join(parent, key);
  if (existsSync(target)) return target;
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, '.build-'));
  try {
    await make(work);
    await moveInto(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

/** Names a build by all that it is made of: these files of a module, machine, flags, and version of Go. */
export async function goKey(
  moduleDir: string,
  files: readonly string[] = ['go.mod', 'go.sum'],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...GO_FLAGS]));
  for (const file of files) hash.update(await readFile(path.join(moduleDir, file)));
  hash.update(await runCommand('go', ['env', 'GOVERSION'], { cwd: moduleDir }));
  return hash.digest('hex').slice(0, 20);
}

/** Runs `go` in a module that stands by itself; gives what it wrote. */
export function runGo(
  moduleDir: string,
  args: readonly string[],
  onLine: (text: string) => void,
): Promise<string> {
  return runCommand('go', args, { cwd: moduleDir, env: ENVIRONMENT, onLine });
}
