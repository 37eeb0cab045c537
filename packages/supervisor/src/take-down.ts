import path from 'node:path';
import { inheritedEnvironment } from './child-environment.ts';
import { recallEngineBinaries, tearDownEngine } from './engine.ts';
import { stopSupervisor } from './launch.ts';
import type { Locations } from './locations.ts';
import { endRecorded } from './process-identity.ts';
import { readJsonFile } from './status.ts';

/**
 * Ends everything of Brainpod on this machine, whether its supervisor still runs or was killed and left things
 * behind. Returns whether anything ran. Throws with what could not be taken down.
 */
export async function takeDown(
  locations: Locations,
  environment: Record<string, string | undefined>,
): Promise<boolean> {
  if (await stopSupervisor(locations)) return true;
  let found = false;
  for (const name of ['server', 'engine', 'registry', 'postgres']) {
    const signal = name === 'postgres' ? 'SIGINT' : 'SIGTERM';
    const ended = await endRecorded(path.join(locations.pidDir, `${name}.json`), signal, 90_000);
    found ||= ended;
  }
  const binaries = await recallEngineBinaries(locations.engineBinaries);
  // Without its config file no engine was started since the last boot: there is nothing of its own to take down.
  if (binaries?.envoyBinary !== undefined && (await readJsonFile(locations.engineConfig)) !== undefined) {
    await tearDownEngine(locations, binaries, inheritedEnvironment(environment));
  }
  return found;
}
