import { inject } from 'vitest';
import './apiserver-setup.ts';

const NEEDS_ENGINE =
  'This test needs a real API server. Build the engine, and set BRAINPOD_ENGINE_BIN to the folder of its binaries.';

/** The kubeconfig of the run's API server, for an administrator. */
export function testKubeconfig(): string {
  const path = inject('kubeconfig');
  if (path === null) throw new Error(NEEDS_ENGINE);
  return path;
}

/** The folder of the engine's binaries, for tests that start an API server of their own. */
export function testEngineBinDir(): string {
  const dir = inject('engineBinDir');
  if (dir === null) throw new Error(NEEDS_ENGINE);
  return dir;
}
