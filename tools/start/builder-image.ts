import path from 'node:path';
import { recallEngineBinaries } from '@brainpod/supervisor/engine';
import { ensureBuilderImage } from '../builder-image/ensure-builder-image.ts';
import type { StageHandle } from './progress.ts';
import type { Start } from './start.ts';

/** Sees to it that pods can have builders. */
export async function provideBuilderImage(run: Start, handle: StageHandle): Promise<void> {
  const binaries = await recallEngineBinaries(run.locations.engineBinaries);
  if (binaries === null) throw new Error('The engine runs, and nobody knows where its programs are.');
  const { made } = await ensureBuilderImage({
    registryUrl: `http://127.0.0.1:${run.settings.registryPort}`,
    cacheDir: path.join(run.order.cacheDir, 'base-images'),
    binDir: binaries.binDir,
    report: handle.detail,
  });
  handle.outcome(made ? 'made' : 'is there already');
}
