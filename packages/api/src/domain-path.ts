import { ApiError } from '@brainpod/model/errors';

export const DOMAIN_PATH = '/v1/pods/{pod}/domains/{domain}';

const MAX_CHARACTERS = 253;

/** Which domain a path names. NOT_FOUND (ApiError) when it cannot be one. */
export function domainIn(params: Record<string, string>): string {
  const { domain = '' } = params;
  if (/^[a-z0-9.-]+$/.test(domain) && domain.length <= MAX_CHARACTERS) return domain;
  // Some texts a database cannot even look for.
  throw new ApiError('NOT_FOUND', 'No Route of this pod names such a domain.');
}
