import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianSources, INDEX_TARGET_FORMAT, parseIndexTargets, withoutCredentials } from './apt-sources.ts';
import { runProgram } from './run-program.ts';

/** What makes a Debian system what it is; a part of the key by which an image is known to be up to date. */
export const DEBIAN_RECIPE = {
  suite: 'trixie',
  variant: 'minbase',
  include: ['ca-certificates', 'netbase', 'tzdata'],
  dpkg: [
    'path-exclude=/usr/share/man/*',
    'path-exclude=/usr/share/info/*',
    'path-exclude=/usr/share/locale/*',
    'path-exclude=/usr/share/doc/*',
    // Debian's licences ask for these to be kept.
    'path-include=/usr/share/doc/*/copyright',
  ],
  apt: ['Acquire::Languages "none"'],
} as const;

/** What is in a system beside what all have. */
export type DebianSystem = {
  suite: string;
  packages: readonly string[];
  /** Shell commands before the packages are installed; "$1" is its root. */
  before?: readonly string[];
  /** Shell commands that finish it, likewise. */
  hooks: readonly string[];
};

/** What all of ours have, and nothing else. */
export const PLAIN_SYSTEM: DebianSystem = { suite: DEBIAN_RECIPE.suite, packages: [], hooks: [] };

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Writes a small Debian system as a tar, made by mmdebstrap from the mirrors that this host's apt uses. The same
 * packages give the same bytes. Needs root. Throws with what to install where something is missing.
 */
export async function writeDebianTar(
  tarFile: string,
  system: DebianSystem,
  options: { epochSeconds: number; report: (line: string) => void },
): Promise<void> {
  await checkPrerequisites();
  const directory = await mkdtemp(join(tmpdir(), 'brainpod-debian-'));
  try {
    const sources = await hostSources(system.suite);
    await runProgram('mmdebstrap', await mmdebstrapArguments(tarFile, system, { sources, directory }), {
      env: { SOURCE_DATE_EPOCH: String(options.epochSeconds), ...(await aptProxy()) },
      ...(sources === null ? {} : { input: sources }),
      onLine: (line) => {
        const step = /^I: (.+)\.\.\.$/.exec(line)?.[1];
        if (step !== undefined) options.report(step);
      },
    });
    await addEmptyDev(tarFile, directory, options.epochSeconds);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Container runtimes mount their own devices there, and a read-only system needs the place to exist. */
async function addEmptyDev(tarFile: string, directory: string, epochSeconds: number): Promise<void> {
  await mkdir(join(directory, 'dev'), { mode: 0o755 });
  const owner = ['--numeric-owner', '--owner=0', '--group=0', '--mode=0755', `--mtime=@${epochSeconds}`];
  await runProgram('tar', ['--append', `--file=${tarFile}`, ...owner, `--directory=${directory}`, './dev']);
}

async function mmdebstrapArguments(
  tarFile: string,
  { suite, packages, before = [], hooks }: DebianSystem,
  { sources, directory }: { sources: string | null; directory: string },
): Promise<string[]> {
  const args = [
    '--mode=root',
    '--format=tar',
    `--variant=${DEBIAN_RECIPE.variant}`,
    `--include=${[...DEBIAN_RECIPE.include, ...packages].join(',')}`,
    // Device nodes are the container runtime's business.
    '--skip=output/dev',
    ...DEBIAN_RECIPE.dpkg.map((option) => `--dpkgopt=${option}`),
    ...DEBIAN_RECIPE.apt.map((option) => `--aptopt=${option}`),
    ...before.map((hook) => `--essential-hook=${hook}`),
    ...hooks.map((hook) => `--customize-hook=${hook}`),
  ];
  if (sources === null) return [...args, suite, tarFile];
  const published = join(directory, 'sources.list');
  await writeFile(published, withoutCredentials(sources));
  args.push(`--customize-hook=upload ${published} /etc/apt/sources.list`);
  return [...args, suite, tarFile, '-'];
}

async function hostSources(suite: string): Promise<string | null> {
  if (!existsSync('/usr/bin/apt-get')) return null;
  const args = ['indextargets', '--format', INDEX_TARGET_FORMAT, 'Created-By: Packages'];
  return debianSources(parseIndexTargets(await runProgram('apt-get', args)), suite);
}

/** apt may know a proxy that no environment variable names. */
async function aptProxy(): Promise<Record<string, string>> {
  if (!existsSync('/usr/bin/apt-config')) return {};
  const dump = await runProgram('apt-config', ['dump', 'Acquire::http::Proxy', 'Acquire::https::Proxy']);
  const found: Record<string, string> = {};
  for (const [, scheme, proxy] of dump.matchAll(/^Acquire::(https?)::Proxy "(.+)";$/gm)) {
    if (scheme !== undefined && proxy !== undefined && proxy !== 'DIRECT') found[`${scheme}_proxy`] = proxy;
  }
  return found;
}

async function checkPrerequisites(): Promise<void> {
  const missing: string[] = [];
  if (!existsSync('/usr/bin/mmdebstrap')) missing.push('mmdebstrap');
  if (!existsSync(KEYRING)) missing.push('debian-archive-keyring');
  if (missing.length > 0) {
    const command = `apt-get install -y ${missing.join(' ')}`;
    throw new Error(`The base image needs ${missing.join(' and ')}. Install with: ${command}`);
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      'Making the base image needs root: it lays out a Debian system with its own owners and modes.',
    );
  }
}
