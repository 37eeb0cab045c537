import Type from 'typebox';
import { deployReply, watchedDeployReply } from '../../deploy-reply.ts';
import { deployRules } from '../../documents-check.ts';
import { contentExpectation } from '../../etag.ts';
import { digestsOf, imagesOfHead } from '../../image-check.ts';
import { bodyOf, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { WatchParameter } from '../../parameters.ts';
import { planExpectation } from '../../plan-expectation.ts';
import { planTagsIn } from '../../plan-tag.ts';
import { DeployInput, DeploymentAccepted } from '../../schemas.ts';

export const deployPod = podOperation({
  id: 'deployPod',
  method: 'POST',
  path: '/v1/pods/{pod}/deploy',
  tag: 'revisions',
  summary: 'Deploy the draft',
  description:
    'The whole draft goes live. With the tag of a plan as `If-Match` it does just what that plan says, or is refused. While an earlier revision of the pod is still on its way, it waits for its turn. A draft without changes, or without resources, can be deployed too.',
  access: { actions: ['revisions:deploy'] },
  query: Type.Object({ watch: Type.Optional(WatchParameter) }, { additionalProperties: false }),
  body: bodyOf(DeployInput, { required: false }),
  hasPrecondition: true,
  ifMatch: 'the draft',
  responses: {
    200: { description: 'Finished while watching: deployed or failed', schema: DeploymentAccepted },
    202: { description: 'On its way', schema: DeploymentAccepted },
  },
  prepare: ({ deps, pod, callerGone }) => imagesOfHead(deps, pod, callerGone()),
  handle: async ({ deps, pod, headers, body, actor, prepared: images }) => {
    const planned = planTagsIn(headers['if-match']);
    const result = await deps.store.deployments.deploy(pod.id, {
      ...(body.summary === undefined ? {} : { summary: body.summary }),
      actor,
      // The tag of a plan asks for more than that of the draft: also that it still does the same.
      ...(planned.length === 0
        ? contentExpectation(headers['if-match'])
        : { expectPlan: await planExpectation({ deps, pod, images }, planned) }),
      imageDigests: digestsOf(images),
      check: await deployRules({ podName: pod.name, deps, images }),
    });
    if (!result.ok) throw validationError(result.faults, 'The draft cannot be deployed.');
    return deployReply(deps, { pod, revisionId: result.revisionId });
  },
  settle: watchedDeployReply,
});
