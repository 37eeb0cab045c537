import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { recallEngineBinaries } from '@brainpod/supervisor/engine';
import { locationsFrom } from '@brainpod/supervisor/locations';
import { CliFailure } from '../failure.ts';

/** The image builder to use: the program to call, and where BuildKit listens. */
export type Builder = { buildctl: string; buildkitAddress: string };

type Environment = Record<string, string | undefined>;

/** The BuildKit that BUILDKIT_HOST names, with the engine's buildctl or else the one on the path. Throws CliFailure where none is named. */
export async function findLocalBuilder(environment: Environment): Promise<Builder> {
  const buildkitAddress = environment.BUILDKIT_HOST?.trim();
  if (!buildkitAddress) {
    throw new CliFailure(
      '--local builds with a BuildKit of yours, and BUILDKIT_HOST does not say where it listens.',
      {
        advice:
          'Name it, such as: export BUILDKIT_HOST=unix:///run/buildkit/buildkitd.sock. Without --local the platform builds.',
      },
    );
  }
  const locations = locationsFrom(environment, process.getuid?.() === 0);
  const binaries = await recallEngineBinaries(locations.engineBinaries);
  const own = binaries === null ? null : join(binaries.binDir, 'buildctl');
  return { buildctl: own !== null && existsSync(own) ? own : 'buildctl', buildkitAddress };
}
