import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { revisionOf } from '../../pod-state.ts';
import { deploymentBody } from '../../representations/revision.ts';
import { DeploymentAccepted } from '../../schemas.ts';

export const cancelRevision = podOperation({
  id: 'cancelRevision',
  method: 'POST',
  path: '/v1/pods/{pod}/revisions/{revision}/cancel',
  tag: 'revisions',
  summary: 'Cancel a revision that is on its way, or the draft',
  description:
    'A revision on its way stops, and what was deployed before is put back; what it changed is kept in it and comes back with the next change of a resource, or by a rollback to it. A draft makes way for a new one that holds what is deployed, or what is on its way to be.',
  access: { actions: ['revisions:deploy'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  hasPrecondition: true,
  responses: { 200: { description: 'The canceled revision', schema: DeploymentAccepted } },
  handle: async ({ deps, pod, params, actor }) => {
    const { id } = await revisionOf(deps, pod, params.revision ?? '');
    await deps.store.deployments.cancel(pod.id, { revisionId: id, actor });
    return { status: 200, body: deploymentBody(pod.name, await revisionOf(deps, pod, id)) };
  },
});
