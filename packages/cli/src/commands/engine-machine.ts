import { type Locations, locationsFrom } from '@brainpod/supervisor/locations';
import { readPidFile } from '@brainpod/supervisor/process-identity';
import { readSettings } from '@brainpod/supervisor/settings';
import {
  type ComponentStatus,
  parseComponents,
  parseSupervisorStatus,
  readJsonFile,
  type SupervisorStatus,
} from '@brainpod/supervisor/status';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';

/** Everything that runs here; `supervisor` is null when nothing does. */
export type MachineStatus = { supervisor: SupervisorStatus | null; components: ComponentStatus[] };

export function locationsOf(io: Io): Locations {
  return locationsFrom(io.environment, process.getuid?.() === 0);
}

/** What runs and how, from the status files, which everybody may read. */
export async function readMachine(locations: Locations): Promise<MachineStatus> {
  const written = await readJsonFile(locations.status);
  const isRunning = (await readPidFile(locations.supervisorPid)) !== null;
  if (written === undefined || !isRunning) return { supervisor: null, components: [] };
  const supervisor = parseSupervisorStatus(written);
  const engine = supervisor.processes.find(({ name }) => name === 'engine');
  if (engine === undefined || engine.pid === undefined) return { supervisor, components: [] };
  return { supervisor, components: parseComponents(await readJsonFile(locations.engineStatus), engine.pid) };
}

/** Refuses commands that end or change things for those who may not. */
export async function requireOwner(locations: Locations): Promise<void> {
  const settings = await readSettings(locations.settings);
  if (process.getuid?.() !== 0 && settings?.mode === 'embedded') {
    throw new CliFailure('The engine of this machine belongs to root. Run the same command with sudo.');
  }
}
