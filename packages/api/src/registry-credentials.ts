import { ApiError } from '@brainpod/model/errors';
import { underPath } from '@brainpod/model/fault';
import { parseRegistryHost } from '@brainpod/model/registry-host';
import { validationError } from './input.ts';

export const REGISTRY_CREDENTIALS_PATH = '/v1/pods/{pod}/registry-credentials';
export const REGISTRY_CREDENTIAL_PATH = `${REGISTRY_CREDENTIALS_PATH}/{registry}`;

/** What the API needs to take in a password of a registry. */
export interface RegistryPasswords {
  sealPassword(podId: string, registry: string, password: string): Buffer;
}

/** Which registry a path names. VALIDATION_ERROR (ApiError) when it is none, or the platform's own. */
export function foreignRegistryIn(params: Record<string, string>, ownHost: string): string {
  const parsed = parseRegistryHost(params.registry ?? '');
  if (!parsed.ok) throw validationError(underPath('registry', parsed.faults), 'This is no registry.');
  if (parsed.value !== ownHost.toLowerCase()) return parsed.value;
  const message = `${ownHost} is Brainpod's own registry: this pod's Apps may fetch its images there without any credentials.`;
  throw validationError([{ path: 'registry', message }], 'This registry needs no credentials.');
}

/** As foreignRegistryIn, of what is to be there: NOT_FOUND (ApiError) when it is no registry. */
export function registryIn(params: Record<string, string>): string {
  const parsed = parseRegistryHost(params.registry ?? '');
  if (parsed.ok) return parsed.value;
  throw new ApiError('NOT_FOUND', 'This pod has credentials for no such registry.');
}
