import type { ApiKeyRecord } from '@brainpod/store/api-keys';
import type { ApiKeyBody } from '../account-schemas.ts';
import { links } from '../links.ts';

/** A key as people see it, without its secret. */
export function apiKeyBody(key: ApiKeyRecord): ApiKeyBody {
  const { id, name, policy, email } = key;
  return {
    id,
    name,
    policy,
    email,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    rolledAt: key.rolledAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    _links: { self: links.key(id), roll: links.rollKey(id), keys: links.keys() },
  };
}
