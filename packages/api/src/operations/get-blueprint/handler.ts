import { blueprintOf } from '../../blueprint-path.ts';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { blueprintBody } from '../../representations/blueprint.ts';
import { BlueprintDetail } from '../../schemas.ts';

export const getBlueprint = accountOperation({
  id: 'getBlueprint',
  method: 'GET',
  path: '/v1/blueprints/{blueprint}',
  tag: 'blueprints',
  summary: 'Get a blueprint with its documentation and inputs',
  access: { grant: 'any-key' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The blueprint', schema: BlueprintDetail } },
  handle: async ({ deps, params }) => {
    const blueprint = blueprintOf(params, deps);
    const { body, defaults, inputSchema } = blueprint;
    return { status: 200, body: { ...blueprintBody(blueprint), body, defaults, inputSchema } };
  },
});
