import type { PodRecord, RevisionSummary } from '@brainpod/store/pods';
import { links } from '../links.ts';
import type { PodBody, RevisionReferenceBody } from '../schemas.ts';

/** A pod as the caller sees it. */
export function podBody(pod: PodRecord, caller: { userId: string }): PodBody {
  return {
    name: pod.name,
    displayName: pod.displayName,
    head: revisionReference(pod.name, pod.head),
    deployed: pod.deployed === null ? null : revisionReference(pod.name, pod.deployed),
    createdAt: pod.createdAt.toISOString(),
    isOwner: pod.ownerId === caller.userId,
    cluster: pod.clusterId,
    stoppedAt: pod.stoppedAt?.toISOString() ?? null,
    deletedAt: pod.deletedAt?.toISOString() ?? null,
    eraseAfter: pod.eraseAfter?.toISOString() ?? null,
    _links: {
      self: links.pod(pod.name),
      revisions: links.revisions(pod.name),
      resources: links.resources(pod.name),
      events: links.events(pod.name),
      images: links.images(pod.name),
    },
  };
}

function revisionReference(podName: string, revision: RevisionSummary): RevisionReferenceBody {
  return {
    id: revision.id,
    parent: revision.parentId,
    version: revision.version,
    status: revision.state,
    summary: revision.summary,
    error: revision.error,
    createdAt: revision.createdAt.toISOString(),
    _links: {
      self: links.revision(podName, revision.id),
      resources: links.resources(podName, { revision: revision.id }),
    },
  };
}
