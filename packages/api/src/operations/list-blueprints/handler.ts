import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { blueprintBody } from '../../representations/blueprint.ts';
import { Blueprint } from '../../schemas.ts';

export const listBlueprints = accountOperation({
  id: 'listBlueprints',
  method: 'GET',
  path: '/v1/blueprints',
  tag: 'blueprints',
  summary: 'List the blueprints that can be installed',
  access: { grant: 'any-key' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'All blueprints', schema: Type.Array(Blueprint) } },
  handle: async ({ deps }) => ({ status: 200, body: deps.blueprints.map(blueprintBody) }),
});
