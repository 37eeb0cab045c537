import { draftRules } from '../../documents-check.ts';
import { EMPTY_QUERY, NO_BODY, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { mutationBody } from '../../representations/resource.ts';
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
  responses: { 200: { description: 'The deleted resource', schema: ResourceMutation } },
  handle: async ({ deps, pod, params, actor }) => {
    const change = { type: 'delete', ...resourceKey(params) } as const;
    const result = await deps.store.drafts.write(pod.id, change, {
      ...(await draftRules({ podName: pod.name, deps })),
      actor,
    });
    if (!result.ok) throw validationError(result.faults);
    return { status: 200, body: mutationBody(pod.name, result.revisionId, result.resources) };
  },
});
