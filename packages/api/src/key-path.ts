import { ApiError } from '@brainpod/model/errors';
import type { ApiKeyRecord } from '@brainpod/store/api-keys';
import type { ApiDependencies } from './dependencies.ts';
import { isUuid } from './parameters.ts';

/** The key that a path names. NOT_FOUND (ApiError) when the account has none of that id. */
export async function keyOf(deps: ApiDependencies, accountId: string, id: string): Promise<ApiKeyRecord> {
  const key = isUuid(id) ? await deps.store.apiKeys.find(accountId, id) : null;
  if (key === null) throw new ApiError('NOT_FOUND', 'This account has no such API key.');
  return key;
}
