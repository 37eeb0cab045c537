import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeFileAtomically } from './atomic-file.ts';
import { jsonObject, optionalString, requiredString } from './json-fields.ts';
import { DEFAULT_DATA_DIR, type Locations } from './locations.ts';
import { apiEndpoint, type Settings } from './settings.ts';
import { readJsonFile } from './status.ts';
import { type Launch, NotYet } from './supervised-process.ts';

const run = promisify(execFile);

/** Where the engine's programs lie; `envoyBinary` is absent where no engine runs (an existing cluster). */
export type EngineBinaries = { binDir: string; envoyBinary?: string };

export function parseEngineBinaries(input: unknown): EngineBinaries {
  const object = jsonObject(input, 'the place of the engine');
  const envoyBinary = optionalString(object, 'envoyBinary');
  return { binDir: requiredString(object, 'binDir'), ...(envoyBinary === undefined ? {} : { envoyBinary }) };
}

/** The programs this machine used last, null when none are remembered or they are gone. */
export async function recallEngineBinaries(file: string): Promise<EngineBinaries | null> {
  const recorded = await readJsonFile(file);
  if (recorded === undefined) return null;
  const binaries = parseEngineBinaries(recorded);
  return (await areThere(binaries)) ? binaries : null;
}

export async function rememberEngineBinaries(file: string, binaries: EngineBinaries): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  await writeFileAtomically(file, `${JSON.stringify(binaries)}\n`, 0o644);
}

async function areThere(binaries: EngineBinaries): Promise<boolean> {
  const files = [
    path.join(binaries.binDir, 'registry'),
    ...(binaries.envoyBinary === undefined ? [] : [binaries.envoyBinary]),
  ];
  try {
    await Promise.all(files.map((file) => access(file)));
    return true;
  } catch {
    return false; // Gone or not readable: either way they are to be got anew.
  }
}

/** The engine's config file: the machine's settings where we have them, the engine's defaults elsewhere. */
export function engineConfig(
  settings: Settings,
  locations: Locations,
  binaries: EngineBinaries,
): Record<string, unknown> {
  return {
    name: engineName(locations),
    dataDir: locations.engineData,
    runDir: locations.engineRun,
    logDir: locations.logDir,
    binDir: binaries.binDir,
    envoyBinary: binaries.envoyBinary,
    gatewayClass: settings.gatewayClass,
    accessLogSocket: locations.accessLogSocket,
    ports: { registry: settings.registryPort, http: settings.httpPort, https: settings.httpsPort },
    registryHosts: { [settings.registryHost]: apiEndpoint(settings) },
    // Absent and not empty, so that an engine that was built before this was known reads its configuration.
    registryMirrors: settings.mirroredRegistries,
    profile: 'full',
  };
}

/**
 * What tells this engine from another on the same machine: its control groups, networks and packet rules carry it.
 * Two engines in one control group would end each other's containers.
 */
function engineName(locations: Locations): string {
  if (locations.dataDir === DEFAULT_DATA_DIR) return 'brainpod';
  return `brainpod-${createHash('sha256').update(locations.dataDir).digest('hex').slice(0, 8)}`;
}

/** Writes the engine's config file, with the folders it lies in and works in. */
export async function writeEngineConfig(
  settings: Settings,
  locations: Locations,
  binaries: EngineBinaries,
): Promise<void> {
  await mkdir(locations.engineRun, { recursive: true, mode: 0o755 });
  await mkdir(locations.engineData, { recursive: true, mode: 0o755 });
  const config = engineConfig(settings, locations, binaries);
  await writeFileAtomically(locations.engineConfig, `${JSON.stringify(config, null, 2)}\n`, 0o600);
}

/** Writes the engine's config file and says how to start the engine. */
export async function prepareEngine(
  settings: Settings,
  locations: Locations,
  binaries: EngineBinaries | null,
  environment: Record<string, string>,
): Promise<Launch> {
  if (binaries === null) {
    throw new NotYet('the engine is not built yet; npm start builds it');
  }
  await writeEngineConfig(settings, locations, binaries);
  return {
    file: path.join(binaries.binDir, 'engine'),
    args: ['run', '--config', locations.engineConfig],
    env: environment,
    cwd: locations.engineData,
  };
}

/** Whether the engine of this pid says that all its components are ready. */
export async function isEngineReady(statusFile: string, pid: number): Promise<boolean> {
  const status = await readJsonFile(statusFile);
  if (status === undefined) return false;
  const object = jsonObject(status, statusFile);
  return object.pid === pid && object.ready === true;
}

/** Ends what outlives the engine: containers, Envoy, mounts, interfaces, rules. Throws with the engine's own words. */
export async function tearDownEngine(
  locations: Locations,
  binaries: EngineBinaries,
  environment: Record<string, string>,
): Promise<void> {
  const engine = path.join(binaries.binDir, 'engine');
  try {
    await run(engine, ['teardown', '--config', locations.engineConfig], {
      env: environment,
      timeout: 120_000,
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`The engine could not take down everything it had made: ${said}`, { cause: error });
  }
}
