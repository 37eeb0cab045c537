import { ApiKeyInput, ApiKeyWithSecret } from '../../account-schemas.ts';
import { bodyOf, EMPTY_QUERY, validationError } from '../../input.ts';
import { keyOf } from '../../key-path.ts';
import { expiryOf, newKeyFaults } from '../../key-rules.ts';
import { accountOperation } from '../../operation.ts';
import { apiKeyBody } from '../../representations/api-key.ts';

export const createKey = accountOperation({
  id: 'createKey',
  method: 'POST',
  path: '/v1/keys',
  tag: 'keys',
  summary: 'Make an API key',
  description:
    'It belongs to the user who makes it, may do nothing that the key it is made with may not do, and ends no later than that. Its secret is in this answer and nowhere else.',
  access: { grant: 'every-pod', action: 'keys:write' },
  query: EMPTY_QUERY,
  body: bodyOf(ApiKeyInput, { required: true }),
  responses: { 201: { description: 'The new key, with its secret', schema: ApiKeyWithSecret } },
  handle: async ({ deps, caller, body, actor }) => {
    const expiresAt = body.expiresAt === undefined ? await expiryOf(caller, deps) : new Date(body.expiresAt);
    const faults = await newKeyFaults({ policy: body.policy, expiresAt }, { deps, caller });
    if (expiresAt !== null && expiresAt <= new Date()) {
      faults.push({ path: 'expiresAt', message: 'Must lie in the future.' });
    }
    if (faults.length > 0) throw validationError(faults, 'The key has faults; it was not made.');
    const { id, secret } = await deps.store.apiKeys.create({
      userId: caller.userId,
      name: body.name.trim(),
      policy: body.policy,
      ...(expiresAt === null ? {} : { expiresAt }),
      actor,
    });
    const key = await keyOf(deps, caller.accountId, id);
    return { status: 201, body: { ...apiKeyBody(key), secret } };
  },
});
