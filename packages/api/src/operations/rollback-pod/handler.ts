import Type from 'typebox';
import { deployReply, watchedDeployReply } from '../../deploy-reply.ts';
import { rollbackRules } from '../../documents-check.ts';
import { digestsOf, imagesOfRevision } from '../../image-check.ts';
import { bodyOf, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { WatchParameter } from '../../parameters.ts';
import { DeploymentAccepted, RollbackInput } from '../../schemas.ts';

export const rollbackPod = podOperation({
  id: 'rollbackPod',
  method: 'POST',
  path: '/v1/pods/{pod}/rollback',
  tag: 'revisions',
  summary: 'Make an earlier revision live again',
  description:
    'A new revision with the resources of the one that is named goes live; whatever state that one is in, unless it is the draft. While an earlier deploy of the pod is on its way, it waits for its turn. Changes in the draft are not thrown away: they forbid a rollback, unless `discardDraft` sets the draft aside, as a canceled revision. The data of disks and databases stays as it is.',
  access: { actions: ['revisions:deploy'] },
  query: Type.Object({ watch: Type.Optional(WatchParameter) }, { additionalProperties: false }),
  body: bodyOf(RollbackInput, { required: true }),
  hasPrecondition: true,
  responses: {
    200: { description: 'Finished while watching: deployed or failed', schema: DeploymentAccepted },
    202: { description: 'On its way', schema: DeploymentAccepted },
  },
  prepare: ({ deps, pod, body, callerGone }) =>
    imagesOfRevision(deps, pod, { revisionId: body.revision, signal: callerGone() }),
  handle: async ({ deps, pod, body, actor, prepared: images }) => {
    const { revision, summary, discardDraft = false } = body;
    const result = await deps.store.deployments.rollback(pod.id, {
      revisionId: revision,
      ...(summary === undefined ? {} : { summary }),
      discardDraft,
      domain: deps.domain,
      actor,
      imageDigests: digestsOf(images),
      check: await rollbackRules({ podName: pod.name, deps, images }),
    });
    if (!result.ok) throw validationError(result.faults, 'The revision cannot be made live again.');
    return deployReply(deps, { pod, revisionId: result.revisionId });
  },
  settle: watchedDeployReply,
});
