import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './start/command.ts';
import { flush, moveInto } from './start/envoy.ts';

const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];

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
  program: GoProgram,
  cacheDir: string,
  detail: (text: string) => void,
): Promise<string> {
  const parent = path.join(cacheDir, program.name);
  const target = path.join(parent, await buildKey(program.moduleDir));
  const binary = path.join(target, program.name);
  if (existsSync(binary)) return binary;
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, '.build-'));
  try {
    detail(`building ${program.name}, once`);
    const output = path.join(work, program.name);
    await runCommand('go', ['build', ...FLAGS, '-o', output, program.package], {
      cwd: program.moduleDir,
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
async function buildKey(moduleDir: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...FLAGS]));
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(path.join(moduleDir, file)));
  hash.update(await runCommand('go', ['env', 'GOVERSION'], { cwd: moduleDir }));
  return hash.digest('hex').slice(0, 20);
}
