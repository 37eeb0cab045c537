import { rename } from 'node:fs/promises';
import { removeData } from '@brainpod/supervisor/remove-data';
import { apiEndpoint, DEFAULT_SETTINGS, readSettings } from '@brainpod/supervisor/settings';
import { confirm, isCancel } from '@clack/prompts';
import type { Command } from 'commander';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { configPath, readConfigFile } from '../settings/config-file.ts';
import { down } from './engine-down.ts';
import { locationsOf, requireOwner } from './engine-machine.ts';

export function registerEngineReset(engine: Command, io: Io): void {
  engine
    .command('reset')
    .description('Stop everything and remove its data: pods, apps, images, accounts')
    .option('--yes', 'do not ask')
    .action(async (options: { yes?: boolean }) => reset(io, options.yes === true));
}

async function reset(io: Io, isAgreed: boolean): Promise<void> {
  const locations = locationsOf(io);
  await requireOwner(locations);
  if (!isAgreed) await ask(io, locations.dataDir);
  const settings = (await readSettings(locations.settings)) ?? DEFAULT_SETTINGS;
  io.stdout.write(`${await down(locations, io)}\n`);
  await removeData(locations);
  io.stdout.write(`The data in ${locations.dataDir} is removed. What was built stays in the cache.\n`);
  await putKeyAside(io, apiEndpoint(settings));
}

async function ask(io: Io, dataDir: string): Promise<void> {
  if (io.stdout.isTTY !== true) {
    throw new CliFailure(`This removes everything in ${dataDir}. Where nobody can be asked, say --yes.`);
  }
  const answer = await confirm({
    message: `Remove all pods, apps, images, databases and accounts in ${dataDir}? This cannot be undone.`,
    initialValue: false,
  });
  if (isCancel(answer) || !answer) throw new CliFailure('Nothing was removed.');
}

/** The key of an installation that is gone opens nothing: the next npm start needs the file's place. */
async function putKeyAside(io: Io, endpoint: string): Promise<void> {
  const file = configPath(io.environment);
  const config = await readConfigFile(file);
  if (config.api_token === undefined || config.endpoint !== endpoint) return;
  await rename(file, `${file}.old`);
  io.stdout.write(`Its API key is void now: ${file} is renamed to ${file}.old.\n`);
}
