import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../../tools/start/command.ts';
import { moveInto } from '../../tools/start/envoy.ts';

const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
const ENVIRONMENT = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
const CADDY = 'github.com/caddyserver/caddy/v2/cmd/caddy';
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
  const target = await ensure(path.join(cacheDir, 'bench-load'), await keyOf(sources), async (folder) => {
    say('building the load, once');
    await go(['build', ...FLAGS, '-o', `${folder}/`, './load', './origin'], say);
  });
  return { load: path.join(target, 'load'), origin: path.join(target, 'origin') };
}

/** Caddy out of its pinned module, the others as Debian has them for this machine, unpacked and not installed. */
export async function ensurePeers(cacheDir: string, say: (text: string) => void): Promise<Peers> {
  const caddy = await ensure(
    path.join(cacheDir, 'bench-caddy'),
    await keyOf(['go.mod', 'go.sum']),
    async (folder) => {
      say('building Caddy, once');
      await go(['build', ...FLAGS, '-o', path.join(folder, 'caddy'), CADDY], say);
    },
  );
  const offered = await runCommand('apt-cache', ['policy', ...DEBIAN_PACKAGES]);
  const key = createHash('sha256').update(offered).digest('hex').slice(0, 20);
  const debian = await ensure(path.join(cacheDir, 'bench-debian'), key, (folder) => unpack(folder, say));
  const libraries = await librariesIn(path.join(debian, 'root/usr/lib'));
  const of = (name: string): Promise<Program> =>
    debianProgram(path.join(debian, 'root/usr/sbin', name), { LD_LIBRARY_PATH: libraries });
  return {
    caddy: { binary: path.join(caddy, 'caddy'), version: await caddyVersion(), environment: {} },
    haproxy: await of('haproxy'),
    nginx: await of('nginx'),
  };
}

async function caddyVersion(): Promise<string> {
  return (await go(['list', '-m', '-f', '{{.Version}}', 'github.com/caddyserver/caddy/v2'], () => undefined))
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

async function ensure(parent: string, key: string, make: (folder: string) => Promise<void>): Promise<string> {
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

async function keyOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...FLAGS]));
  for (const file of files) hash.update(await readFile(path.join(import.meta.dirname, file)));
  hash.update(await runCommand('go', ['env', 'GOVERSION'], { cwd: import.meta.dirname }));
  return hash.digest('hex').slice(0, 20);
}

function go(args: readonly string[], onLine: (text: string) => void): Promise<string> {
  return runCommand('go', args, { cwd: import.meta.dirname, env: ENVIRONMENT, onLine });
}
