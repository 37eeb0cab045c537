import Type from 'typebox';
import { deployReply, watchedDeployReply } from '../../deploy-reply.ts';
import { deployRules } from '../../documents-check.ts';
import { digestsOf, imagesOfHead } from '../../image-check.ts';
import { EMPTY_BODY, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { WatchParameter } from '../../parameters.ts';
import { DeploymentAccepted } from '../../schemas.ts';

export const redeployPod = podOperation({
  id: 'redeployPod',
  method: 'POST',
  path: '/v1/pods/{pod}/redeploy',
  tag: 'revisions',
  summary: 'Try the latest revision again after it failed',
  access: { actions: ['revisions:deploy'] },
  query: Type.Object({ watch: Type.Optional(WatchParameter) }, { additionalProperties: false }),
  body: EMPTY_BODY,
  hasPrecondition: true,
  responses: {
    200: { description: 'Finished while watching: deployed or failed', schema: DeploymentAccepted },
    202: { description: 'On its way', schema: DeploymentAccepted },
  },
  prepare: ({ deps, pod, callerGone }) => imagesOfHead(deps, pod, callerGone()),
  handle: async ({ deps, pod, actor, prepared: images }) => {
    const result = await deps.store.deployments.redeploy(pod.id, {
      actor,
      imageDigests: digestsOf(images),
      check: await deployRules({ podName: pod.name, deps, images }),
    });
    if (!result.ok) throw validationError(result.faults, 'The revision cannot be deployed.');
    return deployReply(deps, { pod, revisionId: result.revisionId });
  },
  settle: watchedDeployReply,
});
