import type { PodRecord } from '@brainpod/store/pods';
import type { StoredResource } from '@brainpod/store/resources';
import type { ApiDependencies } from './dependencies.ts';
import { contentTag } from './etag.ts';
import type { BodyReply } from './operation-facts.ts';
import { mutationBody } from './representations/resource.ts';

/** What a change of the draft answers, with the tag of all that the draft now holds. */
export async function mutationReply(
  deps: ApiDependencies,
  change: {
    status: number;
    pod: PodRecord;
    result: { revisionId: string; resources: readonly StoredResource[] };
  },
): Promise<BodyReply> {
  const { status, pod, result } = change;
  return {
    status,
    body: mutationBody(pod.name, result.revisionId, result.resources),
    headers: { etag: contentTag(await deps.store.revisions.entries(result.revisionId)) },
  };
}
