import type { TestProject } from 'vitest/node';
import { startGatewayCluster } from './apiserver.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A kubeconfig of an administrator of the run's API server, which has the Gateway API; null without one. */
    kubeconfig: string | null;
    /** The folder of the engine's binaries. */
    engineBinDir: string | null;
  }
}

/**
 * vitest's globalSetup: one API server for the whole run, from the binaries in BRAINPOD_ENGINE_BIN. Without them the
 * tests that ask for it fail, and say why; the others run.
 */
export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const binDir = process.env.BRAINPOD_ENGINE_BIN;
  if (binDir === undefined) {
    project.provide('kubeconfig', null);
    project.provide('engineBinDir', null);
    return undefined;
  }
  const server = await startGatewayCluster(binDir);
  project.provide('kubeconfig', server.kubeconfig);
  project.provide('engineBinDir', binDir);
  return () => server.remove();
}
