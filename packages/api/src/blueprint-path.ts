import type { Blueprint } from '@brainpod/blueprint/blueprint';
import { ApiError } from '@brainpod/model/errors';

/** The blueprint that a path names as `{blueprint}`. NOT_FOUND (ApiError) if there is none. */
export function blueprintOf(
  { blueprint: id }: Record<string, string>,
  { blueprints }: { blueprints: readonly Blueprint[] },
): Blueprint {
  const found = blueprints.find((blueprint) => blueprint.id === id);
  if (found !== undefined) return found;
  throw new ApiError('NOT_FOUND', 'There is no such blueprint. GET /v1/blueprints lists those there are.');
}
