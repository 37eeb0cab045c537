import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  ensureCached,
  ensureGoProgram,
  GO_FLAGS,
  type GoProgram,
  goKey,
  runGo,
} from '../../tools/go-programs.ts';
import { runCommand } from '../../tools/start/command.ts';

const MODULE_DIR = import.meta.dirname;
const CADDY: GoProgram = {
  moduleDir: MODULE_DIR,
  package: 'github.com/caddyserver/caddy/v2/cmd/caddy',
  name: 'caddy',
};
const DEBIAN_PACKAGES = ['haproxy', 'nginx'];

/** A program of somebody else's, and what it needs to run where it was not installed. */
export type Program = { binary: string; version: string; environment: Record<string, string> };
export type Peers = { caddy: Program; haproxy: Program; nginx: Program };
/** Our own: who asks, and who answers. */
export type LoadPrograms = { load: string; origin: string };

/** Builds them where the cache, a folder, does not hold them yet. */
export async function ensureLoadPrograms(
  cacheDir: string,
  say: (text: string) => void,
): Promise<LoadPrograms> {
  const sources = ['go.mod', 'load/main.go', 'origin/main.go'];
  const key = await goKey(MODULE_DIR, sources);
  const target = await ensureCached(path.join(cacheDir, 'bench-load'), key, async (folder) => {
    say('building the load, once');
    await runGo(MODULE_DIR, ['build', ...GO_FLAGS, '-o', `${folder}/`, './load', './origin'], say);
  });
  return { load: path.join(target, 'load'), origin: path.join(target, 'origin') };
}

/** Caddy out of its pinned module, the others as Debian has them for this machine, unpacked and not installed. */
export async function ensurePeers(cacheDir: string, say: (text: string) => void): Promise<Peers> {
  const caddy = await ensureGoProgram(CADDY, cacheDir, say);
  const offered = await runCommand('apt-cache', ['policy', ...DEBIAN_PACKAGES]);
  const key = createHash('sha256').update(offered).digest('hex').slice(0, 20);
  const debian = await ensureCached(path.join(cacheDir, 'bench-debian'), key, (folder) =>
    unpack(folder, say),
  );
  const libraries = await librariesIn(path.join(debian, 'root/usr/lib'));
  const of = (name: string): Promise<Program> =>
    debianProgram(path.join(debian, 'root/usr/sbin', name), { LD_LIBRARY_PATH: libraries });
  return {
    caddy: { binary: caddy, version: await caddyVersion(), environment: {} },
    haproxy: await of('haproxy'),
    nginx: await of('nginx'),
  };
}

async function caddyVersion(): Promise<string> {
  return (
    await runGo(
      MODULE_DIR,
      ['list', '-m', '-f', '{{.Version}}', 'github.com/caddyserver/caddy/v2'],
      () => undefined,
    )
  )
    .trim()
    .replace(/^v/, '');
}

async function debianProgram(binary: string, environment: Record<string, string>): Promise<Program> {
  let said = '';
  // nginx tells it among its errors.
  await runCommand(binary, ['-v'], {
    env: { ...process.env, ...environment },
    onLine: (line) => {
      said += `${line}\n`;
    },
  });
  const version = /\d+\.\d+\.\d+/.exec(said)?.[0];
  if (version === undefined) throw new Error(`${binary} does not tell its version: ${said}`);
  return { binary, version, environment };
}

/** With what they need and this machine does not have. */
async function unpack(folder: string, say: (text: string) => void): Promise<void> {
  say(`fetching ${DEBIAN_PACKAGES.join(' and ')} from Debian, once`);
  const archives = path.join(folder, 'archives');
  await mkdir(path.join(archives, 'partial'), { recursive: true });
  await runCommand('apt-get', [
    ...['install', '-y', '--reinstall', '--no-install-recommends', '--download-only'],
    ...['-o', `Dir::Cache::archives=${archives}`, '-o', 'APT::Sandbox::User=root', ...DEBIAN_PACKAGES],
  ]);
  for (const name of await readdir(archives)) {
    if (!name.endsWith('.deb')) continue;
    await runCommand('dpkg-deb', ['--extract', path.join(archives, name), path.join(folder, 'root')]);
  }
}

async function librariesIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name))
    .join(':');
}
