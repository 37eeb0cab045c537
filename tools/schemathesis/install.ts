import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { findMissingPackages, installPackages } from '../start/debian-packages.ts';
import { runProgram } from './run-program.ts';

const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');
const INSTALL_MINUTES = 10;

export type Schemathesis = { command: string; args: readonly string[]; environment: Record<string, string> };

/**
 * Installs schemathesis where it is not there yet: exactly what requirements.txt says, each file with its hash, into a
 * folder of its own below the cache. Nothing of it is built here, and no virtual environment is needed.
 */
export async function installSchemathesis(report: (line: string) => void): Promise<Schemathesis> {
  const digest = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME?.trim() || path.join(homedir(), '.cache');
  const directory = path.join(cache, 'brainpod', 'schemathesis', digest);
  if (!existsSync(directory)) {
    report('installing schemathesis');
    await install(directory, report);
  }
  return {
    command: 'python3',
    args: [path.join(directory, 'bin', 'schemathesis')],
    environment: { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
  };
}

/** Under another name until it is whole, so that a broken-off attempt is not taken for it. */
async function install(directory: string, report: (line: string) => void): Promise<void> {
  await ensurePip(report);
  const partial = `${directory}.${process.pid}`;
  await mkdir(path.dirname(directory), { recursive: true });
  try {
    const flags = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '--disable-pip-version-check'];
    const { code, output } = await runProgram(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--target', partial, ...flags, '--requirement', REQUIREMENTS],
      { environment: { PIP_ROOT_USER_ACTION: 'ignore' }, timeoutMs: INSTALL_MINUTES * 60_000 },
    );
    if (code !== 0) throw new Error(`schemathesis could not be installed:\n${output}`);
    await rename(partial, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function ensurePip(report: (line: string) => void): Promise<void> {
  const { code } = await runProgram('python3', ['-m', 'pip', '--version'], { timeoutMs: 60_000 });
  if (code === 0) return;
  const missing = await findMissingPackages(['python3', 'python3-pip']);
  report(`installing Debian packages: ${missing.join(', ')}`);
  await installPackages(missing, report);
}
