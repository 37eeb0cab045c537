import { ApiError } from '@brainpod/model/errors';
import { isUuid } from './parameters.ts';

export const BUILD_PATH = '/v1/pods/{pod}/builds/{build}';

/** Which build a path names. NOT_FOUND (ApiError) when it cannot be one. */
export function buildIn(params: Record<string, string>): string {
  const { build = '' } = params;
  if (isUuid(build)) return build;
  throw noSuchBuild();
}

export function noSuchBuild(): ApiError {
  return new ApiError('NOT_FOUND', 'This pod has no such build.');
}
