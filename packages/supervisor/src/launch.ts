import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ControlClient } from './control-client.ts';
import type { Locations } from './locations.ts';
import { readPidFile } from './process-identity.ts';
import { PROGRAM_ROOT, programVersion } from './program-version.ts';
import type { SupervisorStatus } from './status.ts';
import { pause, waitUntil } from './wait.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 300_000;

export type Launched = {
  client: ControlClient;
  status: SupervisorStatus;
  /** How it came to run: started now, there already, or there with older program files and started anew. */
  how: 'started' | 'running' | 'renewed';
};

/**
 * A connection to the machine's supervisor, which is started (detached: it outlives the terminal) when there is
 * none. One that runs other program files than this clone's is replaced, unless `renew` is false; apps keep serving
 * meanwhile.
 * Throws with the supervisor's own words when it does not come up.
 */
export async function ensureSupervisor(
  locations: Locations,
  environment: Record<string, string | undefined>,
  options: { renew: boolean } = { renew: true },
): Promise<Launched> {
  const running = await ControlClient.open(locations.controlSocket);
  if (running === null) return { ...(await launch(locations, environment)), how: 'started' };
  const { status } = await running.request({ op: 'status' });
  if (!options.renew || (await isThisProgram(status))) return { client: running, status, how: 'running' };
  await running.request({ op: 'stop', keepApps: true });
  running.close();
  await waitUntilGone(locations);
  return { ...(await launch(locations, environment)), how: 'renewed' };
}

async function isThisProgram({ program }: SupervisorStatus): Promise<boolean> {
  return program?.root === PROGRAM_ROOT && program.version === (await programVersion(PROGRAM_ROOT));
}

async function launch(
  locations: Locations,
  environment: Record<string, string | undefined>,
): Promise<{ client: ControlClient; status: SupervisorStatus }> {
  await mkdir(locations.logDir, { recursive: true, mode: 0o755 });
  const logFile = path.join(locations.logDir, 'supervisor.log');
  const log = openSync(logFile, 'a', 0o640);
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts')], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: {
      ...environment,
      BRAINPOD_DATA_DIR: locations.dataDir,
      BRAINPOD_RUN_DIR: locations.runDir,
    },
  });
  closeSync(log);
  child.unref();
  let exitCode: number | null = null;
  child.once('exit', (code) => {
    exitCode = code ?? 1;
  });
  const client = await connectWhenUp(locations, () => exitCode !== null);
  if (client === null)
    throw new Error(`Brainpod's supervisor did not start: ${await lastLine(logFile)} (log: ${logFile})`);
  return { client, status: (await client.request({ op: 'status' })).status };
}

async function connectWhenUp(locations: Locations, hasEnded: () => boolean): Promise<ControlClient | null> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const client = await ControlClient.open(locations.controlSocket);
    if (client !== null) return client;
    // Ended because another one starts at this very moment: that one will answer soon.
    if (hasEnded() && (await readPidFile(locations.supervisorPid)) === null) return null;
    await pause(25);
  }
  return null;
}

async function lastLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  return text.trimEnd().split('\n').at(-1) ?? 'it said nothing';
}

/** Stops the supervisor and all it owns. False when none runs. Throws with what could not be taken down. */
export async function stopSupervisor(locations: Locations): Promise<boolean> {
  const client = await ControlClient.open(locations.controlSocket);
  if (client === null) return stopBySignal(locations);
  try {
    await client.request({ op: 'stop', keepApps: false });
  } finally {
    client.close();
  }
  await waitUntilGone(locations);
  return true;
}

async function stopBySignal(locations: Locations): Promise<boolean> {
  const identity = await readPidFile(locations.supervisorPid);
  if (identity === null) return false;
  process.kill(identity.pid, 'SIGTERM');
  await waitUntilGone(locations);
  return true;
}

async function waitUntilGone(locations: Locations): Promise<void> {
  const gone = async (): Promise<boolean> => (await readPidFile(locations.supervisorPid)) === null;
  if (!(await waitUntil(gone, { timeoutMs: STOP_TIMEOUT_MS }))) {
    throw new Error(`The supervisor does not end. Look at ${path.join(locations.logDir, 'supervisor.log')}.`);
  }
}
