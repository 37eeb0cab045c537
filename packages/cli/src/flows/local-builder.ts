import { join } from 'node:path';
import { recallEngineBinaries } from '@brainpod/supervisor/engine';
import { locationsFrom } from '@brainpod/supervisor/locations';
import { readSettings } from '@brainpod/supervisor/settings';
import { CliFailure } from '../failure.ts';

/** The image builder to use: the program to call, and where BuildKit listens. */
export type Builder = { buildctl: string; buildkitAddress: string };

type Environment = Record<string, string | undefined>;

/** Finds the builder of this machine's engine. Throws CliFailure where none was ever set up here. */
export async function findLocalBuilder(environment: Environment): Promise<Builder> {
  const locations = locationsFrom(environment, process.getuid?.() === 0);
  const settings = await readSettings(locations.settings);
  const binaries = await recallEngineBinaries(locations.engineBinaries);
  if (binaries === null) {
    throw new CliFailure(
      'There is no image builder on this machine. "npm start" in a clone of Brainpod sets one up; it runs as root, ' +
        'so building needs root too.',
    );
  }
  return {
    buildctl: join(binaries.binDir, 'buildctl'),
    buildkitAddress: settings?.buildkitAddress ?? `unix://${join(locations.engineRun, 'buildkitd.sock')}`,
  };
}
