import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { ensureCached } from './go-programs.ts';
import { CommandFailed, runCommand } from './start/command.ts';

export type DebianPrograms = {
  /** Where the packages are unpacked, as they would lie below `/`. */
  root: string;
  /** What the programs in it need to find what lies beside them. */
  environment: { PATH: string; LD_LIBRARY_PATH: string };
};

/**
 * Programs as Debian has them for this machine, unpacked and not installed, with what they need and this machine does
 * not have. Of the packages those that its release does not know are left out.
 */
export async function ensureDebianPrograms(
  { name, packages }: { name: string; packages: readonly string[] },
  cacheDir: string,
  say: (text: string) => void,
): Promise<DebianPrograms> {
  const offered = await runCommand('apt-cache', ['policy', ...packages]);
  const key = createHash('sha256').update(offered).digest('hex').slice(0, 20);
  const known = packages.filter((of) => isOffered(of, offered));
  const folder = await ensureCached(path.join(cacheDir, name), key, async (made) => {
    say(`fetching ${known.join(' and ')} from Debian, once`);
    await unpack(made, known);
  });
  const root = path.join(folder, 'root');
  const programs = ['usr/bin', 'usr/sbin'].map((below) => path.join(root, below));
  return {
    root,
    environment: {
      PATH: [...programs, process.env.PATH].join(':'),
      LD_LIBRARY_PATH: (await foldersIn(path.join(root, 'usr/lib'))).join(':'),
    },
  };
}

/** apt-cache says of each package that it has heard of what would be installed. */
function isOffered(name: string, policies: string): boolean {
  const [, policy] = `\n${policies}`.split(`\n${name}:\n`);
  return policy !== undefined && !/^.*\n +Candidate: \(none\)/.test(policy);
}

async function unpack(folder: string, packages: readonly string[]): Promise<void> {
  const archives = path.join(folder, 'archives');
  await mkdir(path.join(archives, 'partial'), { recursive: true });
  const download = (): Promise<string> =>
    runCommand('apt-get', [
      ...['install', '-y', '--reinstall', '--no-install-recommends', '--download-only'],
      ...['-o', `Dir::Cache::archives=${archives}`, '-o', 'APT::Sandbox::User=root', ...packages],
    ]);
  try {
    await download();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    // What the lists at hand name may be gone.
    await runCommand('apt-get', ['update']);
    await download();
  }
  for (const name of await readdir(archives)) {
    if (!name.endsWith('.deb')) continue;
    await runCommand('dpkg-deb', ['--extract', path.join(archives, name), path.join(folder, 'root')]);
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
}
