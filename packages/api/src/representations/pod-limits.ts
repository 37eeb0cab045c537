import { demandOf } from '@brainpod/model/capacity';
import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from '../dependencies.ts';
import { instanceSizes } from '../instance-sizes.ts';
import { links } from '../links.ts';
import type { PodLimitsUsedBody } from '../operator-schemas.ts';

/** A pod's limits, and what its draft and what is deployed ask for. */
export async function podLimitsBody(deps: ApiDependencies, pod: PodRecord): Promise<PodLimitsUsedBody> {
  const sizes = await instanceSizes(deps);
  const usedBy = async (revisionId: string | null) => {
    const entries = revisionId === null ? [] : await deps.store.revisions.entries(revisionId);
    return demandOf(
      entries.map((entry) => entry.document),
      sizes,
    );
  };
  return {
    limits: pod.limits ?? { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null },
    used: { draft: await usedBy(pod.head.id), deployed: await usedBy(pod.deployed?.id ?? null) },
    _links: { self: links.podLimits(pod.name), pod: links.pod(pod.name) },
  };
}
