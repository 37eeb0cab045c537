import { randomBytes } from 'node:crypto';
import type { Blueprint } from '@brainpod/blueprint/blueprint';
import { faultsOfInput, instantiate, type RandomBytes } from '@brainpod/blueprint/instantiate';
import { blueprintOf } from '../../blueprint-path.ts';
import { draftRules, faultsInBatch } from '../../documents-check.ts';
import { contentExpectation, ETAG_OF_CONTENT } from '../../etag.ts';
import { readImageFacts } from '../../image-check.ts';
import { bodyOf, EMPTY_QUERY, validationError } from '../../input.ts';
import { mutationReply } from '../../mutation-reply.ts';
import { podOperation } from '../../operation.ts';
import { BlueprintInstallInput, ResourceMutation } from '../../schemas.ts';

const FAULTY = 'The input has faults; nothing was installed.';

export const installBlueprint = podOperation({
  id: 'installBlueprint',
  method: 'POST',
  path: '/v1/pods/{pod}/blueprints/{blueprint}/install',
  tag: 'blueprints',
  summary: 'Add the resources of a blueprint to the draft',
  description:
    'All of them or, when the input has a fault, none. Inputs that are left out are as the defaults of the blueprint. Nothing is deployed.',
  access: { actions: ['resources:write'] },
  query: EMPTY_QUERY,
  body: bodyOf(BlueprintInstallInput, { required: true }),
  ifMatch: 'the draft',
  responses: {
    201: { description: 'The new resources', schema: ResourceMutation, headers: ETAG_OF_CONTENT },
  },
  prepare: async ({ deps, params, pod, body, callerGone }) => {
    const blueprint = blueprintOf(params, deps);
    const made = instantiate(blueprint, body.input, randomFor(blueprint));
    if (!made.ok) throw validationError(made.faults, FAULTY);
    const documents = made.value;
    return {
      ...{ blueprint, documents },
      images: await readImageFacts(deps, pod, { documents, signal: callerGone() }),
    };
  },
  handle: async ({ deps, headers, pod, actor, prepared }) => {
    const { blueprint, documents, images } = prepared;
    const change = { type: 'create', documents } as const;
    const rules = {
      ...(await draftRules({ podName: pod.name, deps, images })),
      ...contentExpectation(headers['if-match']),
      actor,
    };
    const result = await deps.store.drafts.write(pod.id, change, rules);
    if (!result.ok) {
      throw validationError(faultsOfInput(blueprint, faultsInBatch(result.faults, documents)), FAULTY);
    }
    return mutationReply(deps, { status: 201, pod, result });
  },
});

function randomFor({ generate }: Blueprint): RandomBytes {
  return Object.fromEntries(Object.entries(generate).map(([name, { bytes }]) => [name, randomBytes(bytes)]));
}
