import {
  type CleanupPlan,
  DEFAULT_CLEANUP,
  type NamedImage,
  planCleanup,
} from '@brainpod/model/image-cleanup';
import type { HeldManifest } from '@brainpod/model/stored-image';
import type { KeepingRevision } from '@brainpod/store/image-cleanups';
import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from './dependencies.ts';
import { ownImagesOf } from './image-check.ts';
import type { CleanedImageBody, CleanupPolicyBody } from './image-cleanup-schemas.ts';

export const IMAGE_CLEANUP_PATH = '/v1/pods/{pod}/images/cleanup';

type CleanupDependencies = Pick<ApiDependencies, 'store' | 'registryHost'>;
type CleanedPod = Pick<PodRecord, 'id' | 'name'>;

/** What a clean-up of the pod by its policy does with what it holds. */
export async function cleanupOf(
  deps: CleanupDependencies,
  pod: CleanedPod,
  held: readonly HeldManifest[],
): Promise<{ policy: CleanupPolicyBody; isDefault: boolean; plan: CleanupPlan }> {
  const set = await deps.store.imageCleanups.policy(pod.id);
  const policy = set ?? DEFAULT_CLEANUP;
  const revisions = await deps.store.imageCleanups.keeping(pod.id, policy.keepRevisions);
  const named = await imagesNamedBy(deps, pod, revisions);
  return { policy, isDefault: set === null, plan: planCleanup(held, { policy, named, nowMs: Date.now() }) };
}

/** The pod's own images that revisions name: as what they were found to be, where that is known. */
export async function imagesNamedBy(
  deps: CleanupDependencies,
  pod: CleanedPod,
  revisions: readonly KeepingRevision[],
): Promise<NamedImage[]> {
  const named: NamedImage[] = [];
  for (const { id, version, state, imageDigests } of revisions) {
    const by = state === 'draft' ? 'the draft' : `revision ${version}`;
    const documents = (await deps.store.revisions.entries(id)).map((entry) => entry.document);
    const own = ownImagesOf(documents, { podName: pod.name, registryHost: deps.registryHost });
    for (const { image, repository, reference } of own) {
      named.push({ repository, reference: imageDigests[image] ?? reference, by });
    }
  }
  return named;
}

export function cleanedImageBody({
  image,
  reason,
}: {
  image: HeldManifest;
  reason: string;
}): CleanedImageBody {
  const { repository, tags, digest, pushedAtMs } = image;
  return { repository, tags, digest, pushedAt: new Date(pushedAtMs).toISOString(), reason };
}
