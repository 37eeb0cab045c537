import { formatUrn } from '@brainpod/model/urn';
import { variablesOf } from '@brainpod/model/variables';
import type { StoredResource } from '@brainpod/store/resources';
import { links, type ResourceScope } from '../links.ts';
import type { ResourceBody } from '../schemas.ts';

export type ResourcePlace = {
  podName: string;
  revisionId: string;
  /** How the reader asked for this state of the pod, for links that lead back to the same. */
  scope: ResourceScope;
};

export function resourceBody(resource: StoredResource, place: ResourcePlace): ResourceBody {
  const { podName, revisionId, scope } = place;
  return {
    urn: formatUrn(resource.kind, resource.name),
    content: resource.document,
    status: resource.status,
    healthy: resource.healthy,
    locked: resource.locked,
    variables: variablesOf(resource.document),
    _links: {
      self: links.resource(podName, resource.kind, resource.name, scope),
      pod: links.pod(podName),
      revision: links.revision(podName, revisionId),
    },
  };
}

/** What a change of the draft answers: the changed resources, and the draft they are now in. */
export function mutationBody(podName: string, revisionId: string, resources: readonly StoredResource[]) {
  return {
    revisionId,
    resources: resources.map((resource) => resourceBody(resource, { podName, revisionId, scope: {} })),
    _links: { pod: links.pod(podName), revision: links.revision(podName, revisionId) },
  };
}
