import Type from 'typebox';
import { ApiKey } from '../../account-schemas.ts';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { accountOperation } from '../../operation.ts';
import { apiKeyBody } from '../../representations/api-key.ts';

export const listKeys = accountOperation({
  id: 'listKeys',
  method: 'GET',
  path: '/v1/keys',
  tag: 'keys',
  summary: 'List the API keys of the account',
  description: 'Of all its users, newest first; those that are revoked or expired too. Never their secrets.',
  access: { grant: 'every-pod', action: 'keys:read' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The keys', schema: Type.Array(ApiKey) } },
  handle: async ({ deps, caller }) => {
    const keys = await deps.store.apiKeys.list(caller.accountId);
    return { status: 200, body: keys.map(apiKeyBody) };
  },
});
