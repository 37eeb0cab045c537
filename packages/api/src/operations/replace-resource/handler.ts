import { parseResourceDocument, type ResourceDocument } from '@brainpod/model/document';
import type { Fault } from '@brainpod/model/fault';
import type { Kind } from '@brainpod/model/kind';
import { draftRules, faultsInInput } from '../../documents-check.ts';
import { ETAG_OF_CONTENT, resourceExpectation } from '../../etag.ts';
import { readImageFacts } from '../../image-check.ts';
import { EMPTY_QUERY, validationError } from '../../input.ts';
import { mutationReply } from '../../mutation-reply.ts';
import { podOperation } from '../../operation.ts';
import { RESOURCE_PATH, resourceKey } from '../../resource-path.ts';
import { ResourceMutation, ResourceReplacementSchema } from '../../schemas.ts';

export const replaceResource = podOperation({
  id: 'replaceResource',
  method: 'PUT',
  path: RESOURCE_PATH,
  tag: 'resources',
  summary: 'Replace a resource in the draft',
  description:
    'By the whole document. What cannot change (the hostname of a Route, the volume of a Disk, version, edition and Disk of a database) is silently put back. A Disk never shrinks.',
  access: { actions: ['resources:write'] },
  query: EMPTY_QUERY,
  body: { required: true, schema: ResourceReplacementSchema, parse: parseResourceDocument },
  ifMatch: 'the resource',
  takesDocuments: true,
  responses: {
    200: { description: 'The replaced resource', schema: ResourceMutation, headers: ETAG_OF_CONTENT },
  },
  prepare: ({ deps, pod, body, callerGone }) =>
    readImageFacts(deps, pod, { documents: [body], signal: callerGone() }),
  handle: async ({ deps, pod, params, headers, body, actor, prepared: images }) => {
    const key = resourceKey(params);
    const mismatches = otherThanInPath(body, key);
    if (mismatches.length > 0)
      throw validationError(mismatches, 'The document is another one than the path names.');
    const rules = {
      ...(await draftRules({ podName: pod.name, deps, images })),
      ...resourceExpectation(headers['if-match'], key),
      actor,
    };
    const result = await deps.store.drafts.write(pod.id, { type: 'replace', document: body }, rules);
    if (!result.ok) {
      const faults = faultsInInput(result.faults, () => '');
      throw validationError(faults, 'The resource has faults; it was not replaced.');
    }
    return mutationReply(deps, { status: 200, pod, result });
  },
});

function otherThanInPath(document: ResourceDocument, key: { kind: Kind; name: string }): Fault[] {
  const faults: Fault[] = [];
  if (document.kind !== key.kind)
    faults.push({ path: 'kind', message: `Must be "${key.kind}", as in the path.` });
  if (document.metadata.name !== key.name) {
    faults.push({ path: 'metadata.name', message: `Must be ${JSON.stringify(key.name)}, as in the path.` });
  }
  return faults;
}
