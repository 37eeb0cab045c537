import { liveVariables } from '@brainpod/model/variables';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { StateQuery } from '../../parameters.ts';
import { revisionInScope } from '../../pod-state.ts';
import { VariableList } from '../../schemas.ts';

export const listVariables = podOperation({
  id: 'listVariables',
  method: 'GET',
  path: '/v1/pods/{pod}/variables',
  tag: 'resources',
  summary: 'List what Apps of a pod can refer to in their env',
  description:
    'Each with its value, unless that is secret or not known yet. Of the newest state of the pod, of a revision, or of what was live at an instant; anything but the newest also needs revisions:read.',
  access: {
    actions: ['resources:read'],
    withQuery: { parameters: ['revision', 'at'], actions: ['revisions:read'] },
  },
  query: StateQuery,
  body: NO_BODY,
  responses: {
    200: { description: 'The variables, by kind and name of their resource', schema: VariableList },
  },
  handle: async ({ deps, pod, query }) => {
    const entries = await deps.store.revisions.entries(await revisionInScope(deps, pod, query));
    const items = liveVariables(entries.map((entry) => entry.document));
    return { status: 200, body: { items, _links: { self: links.variables(pod.name, query) } } };
  },
});
