import { existsSync } from 'node:fs';
import path from 'node:path';
import { recallEngineBinaries } from '@brainpod/supervisor/engine';
import { ensureBuilderImage } from '../builder-image/ensure-builder-image.ts';
import type { StageHandle } from './progress.ts';
import type { Start } from './start.ts';

/**
 * Sees to it that pods can have builders. On a cluster of somebody else's that takes programs which only a build of the engine
 * has, and root; without them people bring images.
 */
export async function provideBuilderImage(run: Start, handle: StageHandle): Promise<void> {
  const binaries = await recallEngineBinaries(run.locations.engineBinaries);
  if (binaries === null) throw new Error('The engine runs, and nobody knows where its programs are.');
  const mayLack = run.settings.mode === 'external';
  if (mayLack && (process.getuid?.() !== 0 || !existsSync(path.join(binaries.binDir, 'buildkitd')))) {
    return handle.outcome('none: there is no build of the engine here, or no root. Bring images');
  }
  const making = ensureBuilderImage({
    registryUrl: `http://127.0.0.1:${run.settings.registryPort}`,
    cacheDir: path.join(run.order.cacheDir, 'base-images'),
    binDir: binaries.binDir,
    report: handle.detail,
  });
  try {
    handle.outcome((await making).made ? 'made' : 'is there already');
  } catch (error) {
    if (!mayLack) throw error;
    handle.outcome(`none, so bring images: ${error instanceof Error ? error.message : String(error)}`);
  }
}
