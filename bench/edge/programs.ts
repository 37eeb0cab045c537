import path from 'node:path';
import { ensureDebianPrograms } from '../../tools/debian-programs.ts';
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
  const debian = await ensureDebianPrograms(
    { name: 'bench-debian', packages: DEBIAN_PACKAGES },
    cacheDir,
    say,
  );
  const { LD_LIBRARY_PATH } = debian.environment;
  const of = (name: string): Promise<Program> =>
    debianProgram(path.join(debian.root, 'usr/sbin', name), { LD_LIBRARY_PATH });
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
