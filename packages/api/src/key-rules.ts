import { ApiError } from '@brainpod/model/errors';
import { type Fault, underPath } from '@brainpod/model/fault';
import { type Policy, podsNamedIn, policyExceeds } from '@brainpod/model/policy';
import type { ApiKeyRecord, Caller } from '@brainpod/store/api-keys';
import type { ApiDependencies } from './dependencies.ts';

// A key passes on no more than it has: neither actions, nor pods, nor time.

type Maker = { deps: ApiDependencies; caller: Caller };

/** All that is wrong with what a new key is to be allowed, and for how long. */
export async function newKeyFaults(
  { policy, expiresAt }: { policy: Policy; expiresAt: Date | null },
  { deps, caller }: Maker,
): Promise<Fault[]> {
  const faults = [...policyExceeds(policy, caller.policy), ...(await unknownPods(policy, { deps, caller }))];
  return [...underPath('policy', faults), ...expiryFaults(expiresAt, await expiryOf(caller, deps))];
}

/** When the caller's own key ends; null for never. */
export async function expiryOf(caller: Caller, deps: ApiDependencies): Promise<Date | null> {
  const own = await deps.store.apiKeys.find(caller.accountId, caller.keyId);
  return own?.expiresAt ?? null;
}

/**
 * FORBIDDEN (ApiError) unless the caller may have the secret of a key: its own, or one that can do no more, for no
 * longer, and in nobody's name that may do more.
 */
export async function assertMayHold(key: ApiKeyRecord, { deps, caller }: Maker): Promise<void> {
  if (key.id === caller.keyId) return;
  const reasons = [
    ...policyExceeds(key.policy, caller.policy).map(({ path, message }) => ({
      path: `policy.${path}`,
      message,
    })),
    ...expiryFaults(key.expiresAt, await expiryOf(caller, deps)),
    ...(key.isOperator && !caller.isOperator
      ? [{ path: '', message: 'It is the key of somebody who operates this installation.' }]
      : []),
  ];
  if (reasons.length === 0) return;
  throw new ApiError(
    'FORBIDDEN',
    'This API key may do more than the one you use, so its new secret cannot be given to you. Use that key itself, or one that may do as much; you may revoke it.',
    { details: reasons },
  );
}

function expiryFaults(expiresAt: Date | null, limit: Date | null): Fault[] {
  if (limit === null || (expiresAt !== null && expiresAt <= limit)) return [];
  const message = `Must not be later than ${limit.toISOString()}, when the API key that makes it expires.`;
  return [{ path: 'expiresAt', message }];
}

/** Pods that are not there, or of which the caller may not know: there is no telling them apart. */
async function unknownPods(policy: Policy, { deps, caller }: Maker): Promise<Fault[]> {
  const known = new Set((await deps.store.pods.list(caller.accountId)).map(({ name }) => name));
  return podsNamedIn(policy)
    .filter(({ podName }) => !known.has(podName))
    .map(({ podName, path }) => ({ path, message: `There is no pod ${podName} in this account.` }));
}
