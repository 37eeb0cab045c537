import { chmod, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar } from './layer-tar.ts';
import { runProgram } from './run-program.ts';

/** The newest patch of each, as the module golang.org/toolchain has it. */
export const GO_VERSIONS = { '1.24': '1.24.13', '1.25': '1.25.14', '1.26': '1.26.11', '1.27': '1.27.4' };

/** A place below which anybody may write, as the official images have it. */
const OPEN = 0o1777;

/** Writes a tar with a toolchain of Go in /usr/local/go and an empty /go, fetched and checked by the host's go. */
export async function writeGoTar(
  tarFile: string,
  options: { version: string; epochSeconds: number },
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'brainpod-go-'));
  try {
    await chmod(root, 0o755);
    const target = join(root, 'usr/local/go');
    await cp(await toolchain(options.version), target, { recursive: true });
    await makeWritable(target);
    for (const programs of ['bin', 'pkg/tool/linux_amd64']) await makeExecutable(join(target, programs));
    for (const folder of ['go', 'go/bin', 'go/src']) {
      await mkdir(join(root, folder));
      await chmod(join(root, folder), OPEN);
    }
    await writeTar(root, tarFile, options.epochSeconds);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The folder of the module's files, which go has held against its database of checksums. */
async function toolchain(version: string): Promise<string> {
  const module = `golang.org/toolchain@v0.0.1-go${version}.linux-amd64`;
  const outside = { GOFLAGS: '-mod=mod', GOWORK: 'off', GO111MODULE: 'on' };
  const printed = await runProgram('go', ['mod', 'download', '-json', module], {
    env: outside,
    cwd: tmpdir(),
  });
  const value: unknown = JSON.parse(printed);
  const directory = typeof value === 'object' && value !== null && 'Dir' in value ? value.Dir : null;
  if (typeof directory !== 'string') throw new Error(`go mod download named no folder for ${module}.`);
  return directory;
}

/** Modules lie in their cache so that nobody changes them. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeWritable(path);
    else if (entry.isFile()) await chmod(path, 0o644);
  }
}

async function makeExecutable(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o755);
}
