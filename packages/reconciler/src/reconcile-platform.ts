import { compilePlatform, type Platform } from '@brainpod/compiler/compile';
import { KubeError } from '@brainpod/kube/kube-error';
import type { ObjectApplier } from './apply-objects.ts';
import type { LiveObjects } from './live-objects.ts';
import type { Logger } from './ports.ts';

export type PlatformDeps = {
  live: LiveObjects;
  applier: ObjectApplier;
  /** Null while the facts of the cluster are not known. */
  platform: () => Platform | null;
  logger: Logger;
};

/**
 * Applies what the cluster holds once for all pods. Goes on past an object that cannot be applied (a cluster without
 * the Gateway API still gets its namespace and its policies), and rejects with the first error in the end.
 */
export async function reconcilePlatform(deps: PlatformDeps, signal: AbortSignal): Promise<void> {
  const platform = deps.platform();
  if (platform === null) return;
  const errors: unknown[] = [];
  for (const object of compilePlatform(platform)) {
    try {
      await deps.applier.apply([object], signal);
    } catch (error) {
      if (!(error instanceof KubeError) || error.reason === 'Unreachable') throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
