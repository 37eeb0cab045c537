import { isDnsLabel } from '@brainpod/model/dns-name';
import { ApiError } from '@brainpod/model/errors';
import { ACTIONS, type Action, isAllowed, type Policy } from '@brainpod/model/policy';
import type { Caller } from '@brainpod/store/api-keys';
import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from './dependencies.ts';

// The one place that decides who may do what. An operation cannot be made without naming its access, and its
// handler gets nothing before that was checked.

/** What a key must allow for an operation that is about no single pod. */
export type AccountAccess =
  /** Nothing: any valid key will do. */
  | { grant: 'any-key' }
  /** The action on every pod there is and will be. */
  | { grant: 'every-pod'; action: Action }
  /** The action on each pod that is shown; the handler leaves out the others. */
  | { grant: 'each-pod'; action: Action };

/** What a key must allow on the pod that the operation is about: all of the actions. */
export type PodAccess = {
  actions: readonly [Action, ...Action[]];
  /** The path names a deleted pod that can still be restored. */
  isDeleted?: true;
  /** More actions, needed when one of these query parameters is there. */
  withQuery?: { parameters: readonly string[]; actions: readonly Action[] };
};

/** What an operator's key must allow, on every pod. */
export type OperatorAccess = { action: Action };

export type AccountContext = { caller: Caller; isGranted: (podName: string) => boolean };
export type OperatorContext = { caller: Caller };
export type PodContext = { caller: Caller; pod: PodRecord };

const BEARER = /^Bearer +(\S+)$/i;

/** The API key's secret that a request shows. UNAUTHORIZED (ApiError) when it shows none. */
export function bearerSecret(headers: { authorization?: string | undefined }): string {
  const { authorization } = headers;
  if (authorization === undefined) {
    throw new ApiError('UNAUTHORIZED', 'An API key is needed: send it as "Authorization: Bearer brain_…".');
  }
  const secret = BEARER.exec(authorization)?.[1];
  if (secret === undefined) {
    throw new ApiError('UNAUTHORIZED', 'The Authorization header must be "Bearer" and an API key.');
  }
  return secret;
}

/** Who calls, and the pod of their account that the path names; null where there is none, or none is named. */
export type Authenticated = { caller: Caller; pod: PodRecord | null };

/**
 * Finds out who calls. UNAUTHORIZED (ApiError) without a valid key. It is looked up each time, so that a key that is
 * revoked, rolled or expired is dead on every server at once; the pod comes with it, in the same statement.
 */
export async function authenticate(
  secret: string,
  podName: string | undefined,
  deps: ApiDependencies,
): Promise<Authenticated> {
  const { apiKeys } = deps.store;
  const found =
    podName !== undefined && isDnsLabel(podName)
      ? await apiKeys.authenticateForPod(secret, podName)
      : { caller: await apiKeys.authenticate(secret), pod: null };
  if (found === null || found.caller === null) {
    throw new ApiError('UNAUTHORIZED', 'This API key is unknown, revoked or expired. Use another one.');
  }
  return { caller: found.caller, pod: found.pod };
}

/** FORBIDDEN (ApiError) when the caller's key does not allow the operation. */
export function authorizeAccount(caller: Caller, access: AccountAccess): AccountContext {
  if (access.grant === 'any-key') return { caller, isGranted: () => false };
  const { action } = access;
  if (access.grant === 'every-pod' && !isAllowed(caller.policy, action, '*')) {
    throw new ApiError(
      'FORBIDDEN',
      `This API key does not allow ${action}, which must be allowed on urn:brain:pod:*.`,
    );
  }
  return { caller, isGranted: (podName) => isAllowed(caller.policy, action, podName) };
}

/** FORBIDDEN (ApiError) unless the caller operates this installation and the key allows it. */
export function authorizeOperator(caller: Caller, access: OperatorAccess): OperatorContext {
  if (!caller.isOperator) {
    throw new ApiError('FORBIDDEN', 'Only the operator of this installation may do this.');
  }
  authorizeAccount(caller, { grant: 'every-pod', action: access.action });
  return { caller };
}

/**
 * Checks that the pod is there and the key allows every needed action on it. Who may do nothing at all with a pod is
 * not told that it exists (NOT_FOUND); who may do something is told what is missing (FORBIDDEN).
 */
export async function authorizePod(
  { caller, pod: found }: Authenticated,
  request: { params: Record<string, string>; query: Record<string, unknown> },
  options: { access: PodAccess; deps: ApiDependencies },
): Promise<PodContext> {
  const name = request.params.pod ?? '';
  const findDeleted = () => options.deps.store.pods.findDeleted(caller.accountId, name);
  const pod = options.access.isDeleted === true && isDnsLabel(name) ? await findDeleted() : found;
  if (pod === null || !knowsOf(caller.policy, pod.name)) {
    throw new ApiError('NOT_FOUND', 'There is no such pod, or this API key may not know of it.');
  }
  const missing = neededActions(options.access, request.query).filter(
    (action) => !isAllowed(caller.policy, action, pod.name),
  );
  if (missing.length > 0) {
    throw new ApiError(
      'FORBIDDEN',
      `This API key does not allow ${missing.join(' and ')} on pod ${pod.name}.`,
    );
  }
  return { caller, pod };
}

function neededActions(access: PodAccess, query: Record<string, unknown>): Action[] {
  const { withQuery } = access;
  const isQueried = withQuery?.parameters.some((parameter) => query[parameter] !== undefined) === true;
  return [...access.actions, ...(isQueried ? withQuery.actions : [])];
}

function knowsOf(policy: Policy, podName: string): boolean {
  return ACTIONS.some((action) => isAllowed(policy, action, podName));
}
