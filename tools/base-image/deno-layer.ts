import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar } from './layer-tar.ts';
import { type NpmPackage, npmTarball } from './npm-tarball.ts';
import { runProgram } from './run-program.ts';

export const DENO_PACKAGE: NpmPackage = {
  name: '@deno/linux-x64-glibc',
  version: '2.9.6',
  integrity:
    'sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==',
};

/** Writes a tar with Deno alone, to lie above a Debian system. Needs root. */
export async function writeDenoTar(
  tarFile: string,
  options: { downloads: string; epochSeconds: number },
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'brainpod-deno-'));
  try {
    await chmod(root, 0o755);
    const programs = join(root, 'usr/local/bin');
    await mkdir(programs, { recursive: true });
    await runProgram('tar', [
      ...['--extract', '--gzip', `--file=${await npmTarball(DENO_PACKAGE, options.downloads)}`],
      ...[`--directory=${programs}`, '--strip-components=1', '--no-same-owner', 'package/deno'],
    ]);
    await chmod(join(programs, 'deno'), 0o755);
    await writeTar(root, tarFile, options.epochSeconds);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
