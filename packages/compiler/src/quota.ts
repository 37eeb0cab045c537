import { demandOf } from '@brainpod/model/capacity';
import type { ResourceDocument } from '@brainpod/model/document';
import { surgeOf } from './kinds/app.ts';
import { DEFAULT_QUOTA, type Platform, type PodContext, type PodQuota } from './platform-facts.ts';

// A rollout of every App at once asks for at most twice what they ask for at rest, see surgeOf.
const ROLLOUT_FACTOR = 2;

/** What the Apps ask for with the instances that a rollout of every one at once would add. */
export function askedWhileUpdating(documents: readonly ResourceDocument[], platform: Platform): PodQuota {
  const asked: PodQuota = { cpuMillis: 0, memoryMiB: 0, instances: 0 };
  for (const { spec } of documents.filter((document) => document.kind === 'App')) {
    const instances = spec.replicas + surgeOf(spec.replicas);
    asked.instances += instances;
    asked.cpuMillis += instances * platform.sizes[spec.instance].cpuMillis;
    asked.memoryMiB += instances * platform.sizes[spec.instance].memoryMiB;
  }
  return asked;
}

/**
 * What the pod may ask for while its Apps are updated. The limits of the pod, where it has any, bound what it asks
 * for at rest. A limit that is lowered stops nothing that runs: who deploys is held to the limits themselves, and what
 * was deployed before can be started anew.
 */
export function quotaOf(
  documents: readonly ResourceDocument[],
  pod: PodContext,
  platform: Platform,
): PodQuota & { diskGb: number | null } {
  const quota = platform.quota ?? DEFAULT_QUOTA;
  const asked = askedWhileUpdating(documents, platform);
  const bound = (limit: number | null | undefined, used: number, otherwise: number): number =>
    limit === null || limit === undefined ? otherwise : Math.max(limit * ROLLOUT_FACTOR, used);
  const diskLimitGb = pod.limits?.diskGb ?? null;
  return {
    instances: quota.instances,
    cpuMillis: bound(pod.limits?.cpuMillis, asked.cpuMillis, quota.cpuMillis),
    memoryMiB: bound(pod.limits?.memoryMiB, asked.memoryMiB, quota.memoryMiB),
    diskGb: diskLimitGb === null ? null : Math.max(diskLimitGb, demandOf(documents, platform.sizes).diskGb),
  };
}
