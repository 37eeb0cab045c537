import { isDnsLabel } from '@brainpod/model/dns-name';
import { ApiError } from '@brainpod/model/errors';
import { isKind, type Kind, RESOURCE_NAMESPACE, unknownKindMessage } from '@brainpod/model/kind';

export const RESOURCE_PATH = '/v1/pods/{pod}/resources/{kind}/{namespace}/{name}';

/** Which resource a path names. BAD_REQUEST or NOT_FOUND (ApiError) when it cannot be one. */
export function resourceKey(params: Record<string, string>): { kind: Kind; name: string } {
  const { kind = '', namespace = '', name = '' } = params;
  if (!isKind(kind)) throw new ApiError('BAD_REQUEST', `In the path: ${unknownKindMessage(kind)}`);
  if (namespace !== RESOURCE_NAMESPACE) {
    throw new ApiError(
      'BAD_REQUEST',
      `In the path: the namespace of every resource is "${RESOURCE_NAMESPACE}".`,
    );
  }
  // Else nothing of that name can exist; some texts a database cannot even look for.
  if (!isDnsLabel(name)) throw new ApiError('NOT_FOUND', `There is no ${kind} of the name in the path.`);
  return { kind, name };
}

/** NOT_FOUND for a resource of a pod. */
export function noSuchResource(key: { kind: Kind; name: string }, podName: string): ApiError {
  return new ApiError('NOT_FOUND', `There is no ${key.kind} ${JSON.stringify(key.name)} in pod ${podName}.`);
}
