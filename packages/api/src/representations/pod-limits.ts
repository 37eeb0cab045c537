import { demandOf } from '@brainpod/model/capacity';
import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from '../dependencies.ts';
import { instanceSizes } from '../instance-sizes.ts';
import { links } from '../links.ts';
import type { PodLimitsUsedBody } from '../operator-schemas.ts';

const NO_LIMITS = { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null };

/** A pod's limits, what its draft and what is deployed ask for, and what its images take. */
export async function podLimitsBody(
  deps: ApiDependencies,
  pod: PodRecord,
  imageBytes: number | null,
): Promise<PodLimitsUsedBody> {
  const sizes = await instanceSizes(deps);
  const usedBy = async (revisionId: string | null) => {
    const entries = revisionId === null ? [] : await deps.store.revisions.entries(revisionId);
    return demandOf(
      entries.map((entry) => entry.document),
      sizes,
    );
  };
  return {
    limits: { imagesMiB: null, ...(pod.limits ?? NO_LIMITS) },
    used: { draft: await usedBy(pod.head.id), deployed: await usedBy(pod.deployed?.id ?? null), imageBytes },
    _links: { self: links.podLimits(pod.name), pod: links.pod(pod.name) },
  };
}
