import type { Locations } from '@brainpod/supervisor/locations';
import { readSettings } from '@brainpod/supervisor/settings';
import { takeDown } from '@brainpod/supervisor/take-down';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { locationsOf, requireOwner } from './engine-machine.ts';

export function registerEngineDown(engine: Command, io: Io): void {
  engine
    .command('down')
    .description('Stop everything: apps, Kubernetes, the server and PostgreSQL. The data stays')
    .action(async () => {
      const locations = locationsOf(io);
      await requireOwner(locations);
      io.stdout.write(`${await down(locations, io)}\n`);
    });
}

/** Ends everything of Brainpod here and says so. Throws with what is left. */
export async function down(locations: Locations, io: Io): Promise<string> {
  const settings = await readSettings(locations.settings);
  const wasRunning = await takeDown(locations, io.environment);
  if (!wasRunning) return 'Brainpod was not running; nothing of it is left.';
  const apps = settings?.mode === 'external' ? 'Apps go on in their cluster. ' : '';
  return `Brainpod is down. ${apps}Nothing of it is left on this machine but the data in ${locations.dataDir}.`;
}
