import { ApiKey } from '../../account-schemas.ts';
import { EMPTY_QUERY, NO_BODY } from '../../input.ts';
import { keyOf } from '../../key-path.ts';
import { accountOperation } from '../../operation.ts';
import { apiKeyBody } from '../../representations/api-key.ts';

export const revokeKey = accountOperation({
  id: 'revokeKey',
  method: 'DELETE',
  path: '/v1/keys/{key}',
  tag: 'keys',
  summary: 'Revoke an API key',
  description:
    'For ever, and at once, everywhere. Any key of the account can be revoked, the one that asks too; keys that were made with it go on. Revoking again changes nothing.',
  access: { grant: 'every-pod', action: 'keys:write' },
  query: EMPTY_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The revoked key', schema: ApiKey } },
  handle: async ({ deps, caller, params, actor }) => {
    const { id } = await keyOf(deps, caller.accountId, params.key ?? '');
    await deps.store.apiKeys.revoke(id, actor);
    return { status: 200, body: apiKeyBody(await keyOf(deps, caller.accountId, id)) };
  },
});
