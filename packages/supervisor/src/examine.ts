import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { release, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { engineConfig, recallEngineBinaries } from './engine.ts';
import { jsonObject, optionalString, requiredString } from './json-fields.ts';
import { isListening } from './listening.ts';
import type { Locations } from './locations.ts';
import { type Check, type MachineFacts, preflightChecks } from './preflight.ts';
import { readPidFile } from './process-identity.ts';
import type { Settings } from './settings.ts';

const run = promisify(execFile);

type Environment = Record<string, string | undefined>;

const PROGRAMS: readonly { program: string; debianPackage: string }[] = [
  { program: 'runc', debianPackage: 'runc' },
  { program: 'nft', debianPackage: 'nftables' },
  { program: 'iptables', debianPackage: 'iptables' },
  { program: 'conntrack', debianPackage: 'conntrack' },
  { program: 'ip', debianPackage: 'iproute2' },
  { program: 'mount', debianPackage: 'mount' },
  { program: 'mmdebstrap', debianPackage: 'mmdebstrap' },
];

/**
 * Looks whether this machine can run Brainpod. Where the engine is built it is the engine's own doctor that looks;
 * before that, what can be seen without it. Nothing is changed.
 */
export async function examineMachine(
  settings: Settings,
  locations: Locations,
  environment: Environment,
): Promise<Check[]> {
  const binaries = await recallEngineBinaries(locations.engineBinaries);
  if (binaries?.envoyBinary === undefined) {
    return preflightChecks(await gatherFacts(settings, locations, environment));
  }
  const work = await mkdtemp(path.join(tmpdir(), 'brainpod-doctor-'));
  try {
    const config = path.join(work, 'config.json');
    await writeFile(config, JSON.stringify(engineConfig(settings, locations, binaries)), { mode: 0o600 });
    return await engineDoctor(path.join(binaries.binDir, 'engine'), config);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function engineDoctor(engine: string, config: string): Promise<Check[]> {
  const output = await run(engine, ['doctor', '--config', config, '--json']).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      // A failed check ends it with 1, its answer complete.
      if (error instanceof Error && 'stdout' in error && String(error.stdout).trim() !== '')
        return String(error.stdout);
      throw error;
    },
  );
  const list: unknown = JSON.parse(output);
  if (!Array.isArray(list)) throw new Error('The engine’s doctor gave no list of checks.');
  return list.map(parseCheck);
}

function parseCheck(input: unknown): Check {
  const object = jsonObject(input, 'a check');
  const remedy = optionalString({ remedy: object.remedy === '' ? undefined : object.remedy }, 'remedy');
  return {
    id: requiredString(object, 'id'),
    title: requiredString(object, 'title'),
    ok: object.ok === true,
    warning: object.warning === true,
    found: requiredString(object, 'found'),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

async function gatherFacts(
  settings: Settings,
  locations: Locations,
  environment: Environment,
): Promise<MachineFacts> {
  const disk = await statfs(nearestExisting(locations.dataDir));
  const directories = (environment.PATH ?? '').split(path.delimiter).concat('/usr/sbin', '/sbin');
  const isThere = (program: string): boolean =>
    directories.some((directory) => directory !== '' && existsSync(path.join(directory, program)));
  return {
    platform: `${process.platform}-${process.arch}`,
    kernel: release(),
    isRoot: process.getuid?.() === 0,
    memoryTotalBytes: totalmem(),
    diskFreeBytes: disk.bavail * disk.bsize,
    dataDir: locations.dataDir,
    cgroup: cgroupVersion(),
    filesystems: await filesystems(),
    missingPrograms: PROGRAMS.filter(({ program }) => !isThere(program)),
    takenPorts: await takenPorts(settings, locations),
    go: await goVersion(),
  };
}

function nearestExisting(directory: string): string {
  return existsSync(directory) ? directory : nearestExisting(path.dirname(directory));
}

function cgroupVersion(): MachineFacts['cgroup'] {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'v2';
  return existsSync('/sys/fs/cgroup/memory') ? 'v1' : null;
}

async function filesystems(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const text = await readFile('/proc/filesystems', 'utf8');
  return text.split('\n').map((line) => line.split('\t').at(-1) ?? '');
}

async function takenPorts(settings: Settings, locations: Locations): Promise<MachineFacts['takenPorts']> {
  // What Brainpod itself listens on is not in its way.
  if ((await readPidFile(locations.supervisorPid)) !== null) return [];
  const ports = [
    { port: settings.apiPort, purpose: 'API' },
    { port: settings.registryPort, purpose: 'registry' },
    { port: settings.httpPort, purpose: 'http' },
    { port: settings.httpsPort, purpose: 'https' },
    { port: 2379, purpose: 'etcd' },
  ];
  const taken = await Promise.all(ports.map(({ port }) => isListening(port)));
  return ports.filter((_, index) => taken[index]);
}

async function goVersion(): Promise<string | null> {
  try {
    return (await run('go', ['env', 'GOVERSION'], { cwd: '/' })).stdout.trim();
  } catch {
    return null; // Not installed, or not to be run: either way it has to be installed.
  }
}
