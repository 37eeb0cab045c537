import { ApiError } from '@brainpod/model/errors';
import { ApiKeyWithSecret } from '../../account-schemas.ts';
import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { keyOf } from '../../key-path.ts';
import { assertMayHold } from '../../key-rules.ts';
import { accountOperation } from '../../operation.ts';
import { apiKeyBody } from '../../representations/api-key.ts';

export const rollKey = accountOperation({
  id: 'rollKey',
  method: 'POST',
  path: '/v1/keys/{key}/roll',
  tag: 'keys',
  summary: 'Give an API key a new secret',
  description:
    'The secret before is dead at once, everywhere. The new one is in this answer and nowhere else. Refused for keys that may do more than the one that asks.',
  access: { grant: 'every-pod', action: 'keys:write' },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  hasPrecondition: true,
  responses: { 200: { description: 'The key, with its new secret', schema: ApiKeyWithSecret } },
  handle: async ({ deps, caller, params, actor }) => {
    const key = await keyOf(deps, caller.accountId, params.key ?? '');
    await assertMayHold(key, { deps, caller });
    const rolled = await deps.store.apiKeys.roll(key.id, actor);
    if (rolled === null) {
      const end = key.revokedAt === null ? 'expired' : 'revoked';
      throw new ApiError('PRECONDITION_FAILED', `This API key is ${end}. Make a new one instead.`);
    }
    const body = apiKeyBody(await keyOf(deps, caller.accountId, key.id));
    return { status: 200, body: { ...body, secret: rolled.secret } };
  },
});
