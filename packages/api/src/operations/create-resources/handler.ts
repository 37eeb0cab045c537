import Type from 'typebox';
import { draftRules, faultsInBatch } from '../../documents-check.ts';
import { contentExpectation, ETAG_OF_CONTENT } from '../../etag.ts';
import { readImageFacts } from '../../image-check.ts';
import { validationError } from '../../input.ts';
import { mutationReply } from '../../mutation-reply.ts';
import { podOperation } from '../../operation.ts';
import { DryRunResult, ResourceInputSchema, ResourceMutation } from '../../schemas.ts';
import { MAX_BATCH, parseBatch } from './batch.ts';

export const createResources = podOperation({
  id: 'createResources',
  method: 'POST',
  path: '/v1/pods/{pod}/resources',
  tag: 'resources',
  summary: 'Add resources to the draft',
  description:
    'All of them or, when one has a fault, none. They may refer to each other. With `dryRun=true` they are checked just the same and nothing is kept.',
  access: { actions: ['resources:write'] },
  query: Type.Object(
    { dryRun: Type.Optional(Type.Literal('true', { description: '"true", or be left out' })) },
    { additionalProperties: false },
  ),
  body: {
    required: true,
    schema: Type.Array(ResourceInputSchema, { maxItems: MAX_BATCH }),
    parse: parseBatch,
  },
  ifMatch: 'the draft',
  takesDocuments: true,
  responses: {
    200: { description: 'With dryRun: the resources could be created', schema: DryRunResult },
    201: { description: 'The new resources', schema: ResourceMutation, headers: ETAG_OF_CONTENT },
  },
  prepare: ({ deps, pod, body, callerGone }) =>
    readImageFacts(deps, pod, { documents: body, signal: callerGone() }),
  handle: async ({ deps, pod, headers, query, body, actor, prepared: images }) => {
    const rules = {
      ...(await draftRules({ podName: pod.name, deps, images })),
      ...contentExpectation(headers['if-match']),
      actor,
    };
    const change = { type: 'create', documents: body } as const;
    if (query.dryRun === 'true') {
      const faults = await deps.store.drafts.rehearse(pod.id, change, rules);
      if (faults.length > 0) throw validationError(faultsInBatch(faults, body), 'The resources have faults.');
      return { status: 200, body: { valid: true } };
    }
    const result = await deps.store.drafts.write(pod.id, change, rules);
    if (!result.ok)
      throw validationError(
        faultsInBatch(result.faults, body),
        'The resources have faults; none was created.',
      );
    return mutationReply(deps, { status: 201, pod, result });
  },
});
