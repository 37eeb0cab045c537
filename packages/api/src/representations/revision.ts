import { phaseOf } from '@brainpod/model/revision-state';
import { formatUrn } from '@brainpod/model/urn';
import type { StoredResource } from '@brainpod/store/resources';
import type { Revision } from '@brainpod/store/revisions';
import { links } from '../links.ts';
import type { DeploymentBody, RevisionBody, RevisionProgressBody } from '../schemas.ts';

export function revisionBody(podName: string, revision: Revision): RevisionBody {
  return {
    id: revision.id,
    parent: revision.parentId,
    version: revision.version,
    state: revision.state,
    summary: revision.summary,
    error: revision.error,
    isLatest: revision.isLatest,
    isDeployed: revision.isDeployed,
    createdAt: revision.createdAt.toISOString(),
    _links: {
      self: links.revision(podName, revision.id),
      pod: links.pod(podName),
      resources: links.resources(podName, { revision: revision.id }),
    },
  };
}

/** How a deploy stands. */
export function deploymentBody(podName: string, revision: Revision): DeploymentBody {
  return {
    revisionId: revision.id,
    state: revision.state,
    error: revision.error,
    _links: { pod: links.pod(podName), revision: links.revision(podName, revision.id) },
  };
}

/** How a revision and what it holds stand at this moment. */
export function progressBody(
  podName: string,
  revision: Revision,
  resources: readonly StoredResource[],
): RevisionProgressBody {
  return {
    ...revisionBody(podName, revision),
    phase: phaseOf(revision),
    resources: resources.map(({ kind, name, healthy, status }) => ({
      urn: formatUrn(kind, name),
      healthy,
      status,
    })),
  };
}
