import type { EngineBinaries } from '@brainpod/supervisor/engine';
import { type BuildOptions, ensureEngineBuild } from './engine-build.ts';
import { adoptEnginePackage } from './engine-package.ts';
import { ensureEnvoy } from './envoy.ts';

/** The engine's programs and Envoy: out of the cache, out of the npm package, or built and fetched now. */
export async function obtainEngine(options: BuildOptions): Promise<Required<EngineBinaries>> {
  const packaged = await adoptEnginePackage(options, options.detail);
  const envoyBinary = await ensureEnvoy(options.cacheDir, options.detail);
  const binDir = packaged ?? (await ensureEngineBuild(options));
  return { binDir, envoyBinary };
}
