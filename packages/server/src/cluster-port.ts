import type { ClusterPort } from '@brainpod/api/cluster-port';
import type { Platform } from '@brainpod/compiler/compile';
import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { ApiError } from '@brainpod/model/errors';
import { followOutput } from '@brainpod/reconciler/follow-output';
import { rehearseObjects } from '@brainpod/reconciler/rehearse-objects';

/** What the API asks of one cluster. */
export function clusterPort(kube: KubeClient, platform: () => Platform): ClusterPort {
  return {
    platform,
    dryRun: (podName, objects, signal) =>
      whileReachable(() => {
        const spareNamespace = platform().gateway.namespace;
        return rehearseObjects(kube, { podName, objects, spareNamespace }, signal);
      }),
    followOutput: (request, signal) => whileReachable(() => followOutput(kube, request, signal)),
  };
}

async function whileReachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause;
    throw new ApiError(
      'SERVICE_UNAVAILABLE',
      'The cluster cannot be reached right now. Try again in a moment.',
      {
        cause,
      },
    );
  }
}
