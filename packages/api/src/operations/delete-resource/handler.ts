import { draftRules } from '../../documents-check.ts';
import { ETAG_OF_CONTENT, resourceExpectation } from '../../etag.ts';
import { NO_IMAGE_FACTS } from '../../image-check.ts';
import { EMPTY_QUERY, NO_BODY, validationError } from '../../input.ts';
import { mutationReply } from '../../mutation-reply.ts';
import { podOperation } from '../../operation.ts';
import { RESOURCE_PATH, resourceKey } from '../../resource-path.ts';
import { ResourceMutation } from '../../schemas.ts';

export const deleteResource = podOperation({
  id: 'deleteResource',
  method: 'DELETE',
  path: RESOURCE_PATH,
  tag: 'resources',
  summary: 'Delete a resource from the draft',
  description: 'It goes on running until the draft is deployed.',
  access: { actions: ['resources:write'] },
  query: EMPTY_QUERY,
  body: NO_BODY,
  ifMatch: 'the resource',
  responses: {
    200: { description: 'The deleted resource', schema: ResourceMutation, headers: ETAG_OF_CONTENT },
  },
  handle: async ({ deps, pod, params, headers, actor }) => {
    const key = resourceKey(params);
    const change = { type: 'delete', ...key } as const;
    const result = await deps.store.drafts.write(pod.id, change, {
      ...(await draftRules({ podName: pod.name, deps, images: NO_IMAGE_FACTS })),
      ...resourceExpectation(headers['if-match'], key),
      actor,
    });
    if (!result.ok) throw validationError(result.faults);
    return mutationReply(deps, { status: 200, pod, result });
  },
});
