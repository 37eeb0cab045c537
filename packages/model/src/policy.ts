import Type, { type Static } from 'typebox';
import type { Fault, Parsed } from './fault.ts';
import { validatorOf } from './validate.ts';

const POD_URN_PREFIX = 'urn:brain:pod:';
const EVERY_POD = '*';

const PolicyAction = Type.String({
  pattern: '^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$',
  description: 'an action of two lowercase words joined by ":", such as pods:read',
});

const PolicyResource = Type.String({
  pattern: '^urn:brain:pod:(\\*|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$',
  description: 'the URN of a pod, such as urn:brain:pod:green-hill, or urn:brain:pod:* for all',
});

const PolicyStatement = Type.Object({
  sid: Type.String({ minLength: 1 }),
  effect: Type.Enum(['allow', 'deny']),
  actions: Type.Array(PolicyAction, { minItems: 1 }),
  resources: Type.Array(PolicyResource, { minItems: 1 }),
  conditions: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())])),
  ),
});

export const PolicySchema = Type.Object({
  version: Type.Literal('1'),
  statements: Type.Array(PolicyStatement, { minItems: 1 }),
});

export type Policy = Static<typeof PolicySchema>;
export type PolicyStatement = Static<typeof PolicyStatement>;

/** The actions that guard an operation somewhere. A policy may name others; they grant nothing. */
export const ACTIONS = [
  'pods:read',
  'pods:create',
  'revisions:read',
  'revisions:deploy',
  'resources:read',
  'resources:write',
  'events:read',
  'registry:pull',
  'registry:push',
  'builds:create',
  'builds:read',
  'database:connect',
  'pods:write',
  'keys:read',
  'keys:write',
  'audit:read',
  'domains:read',
  'domains:write',
  'platform:operate',
] as const;
export type Action = (typeof ACTIONS)[number];

/** What a key may do with one action, as GET /v1/me shows it. */
export type Permission = { action: string; resources: string[]; excludedResources: string[] };

/** Every action on every pod: what an account's first key may do. */
export const FULL_POLICY: Policy = {
  version: '1',
  statements: [{ sid: 'everything', effect: 'allow', actions: [...ACTIONS], resources: [podUrn(EVERY_POD)] }],
};

const validatePolicy = validatorOf(PolicySchema);

/** Reads a policy; all faults at once, each with its path. */
export function parsePolicy(input: unknown): Parsed<Policy> {
  return validatePolicy(input);
}

/** The URN of a pod as policies name it; `*` is every pod the key's owner reaches, now and later. */
export function podUrn(podName: string): string {
  return `${POD_URN_PREFIX}${podName}`;
}

/**
 * Whether a policy lets an action be done on a pod. Deny beats allow, and what nothing allows is
 * denied. `*` asks for every pod at once, which only a grant on `urn:brain:pod:*` gives, and which any
 * denied pod spoils. A statement with conditions allows nothing, because no condition is known here
 * that could hold, but denies as if they held.
 */
export function isAllowed(policy: Policy, action: string, podName: string): boolean {
  const urn = podUrn(podName);
  const everywhere = podUrn(EVERY_POD);
  const denied = deniedBy(policy, action);
  if (denied.has(urn) || denied.has(everywhere) || (urn === everywhere && denied.size > 0)) return false;
  const granted = grantedBy(policy, action);
  return granted.has(urn) || granted.has(everywhere);
}

/**
 * What a policy would allow that another, its limit, does not: a key must not make one that may do more
 * than itself. One fault for each action of a statement, at its place in the policy
 * (`statements[1].actions[0]`). With no fault, whatever `isAllowed` allows by the policy it allows by
 * the limit. Conditions count against the policy: what it allows under one counts as allowed, and what it
 * denies under one as not denied.
 */
export function policyExceeds(policy: Policy, limit: Policy): Fault[] {
  return policy.statements.flatMap(({ effect, actions, resources }, index) => {
    if (effect === 'deny') return [];
    return actions.flatMap((action, at) => {
      const excess = [...new Set(resources)].filter((resource) => isBeyond(policy, limit, action, resource));
      if (excess.length === 0) return [];
      const message = `Allows ${action} on ${excess.join(', ')}, which this key itself does not allow. A key can pass on only what it may do.`;
      return [{ path: `statements[${index}].actions[${at}]`, message }];
    });
  });
}

/** Whether an action that the policy allows on a resource remains after its denials and is not the limit's. */
function isBeyond(policy: Policy, limit: Policy, action: string, resource: string): boolean {
  const everywhere = podUrn(EVERY_POD);
  const denied = new Set(resourcesOf(about(policy, action).filter(isUnconditionalDenial)));
  if (denied.has(resource) || denied.has(everywhere)) return false;
  const deniedByLimit = deniedBy(limit, action);
  if (deniedByLimit.has(everywhere)) return true;
  const granted = grantedBy(limit, action);
  if (resource !== everywhere) {
    return deniedByLimit.has(resource) || !(granted.has(resource) || granted.has(everywhere));
  }
  // Every pod but those denied: the limit must allow every pod, and deny none that is left.
  return !granted.has(everywhere) || [...deniedByLimit].some((pod) => !denied.has(pod));
}

/** The pods that a policy names, each with its place in it. `*` names none. */
export function podsNamedIn(policy: Policy): { podName: string; path: string }[] {
  return policy.statements.flatMap(({ resources }, index) =>
    resources.flatMap((resource, at) => {
      const podName = resource.slice(POD_URN_PREFIX.length);
      return podName === EVERY_POD ? [] : [{ podName, path: `statements[${index}].resources[${at}]` }];
    }),
  );
}

/** Every action that the policy allows somewhere, sorted, with the pods it is allowed and denied on. */
export function permissionsOf(policy: Policy): Permission[] {
  const actions = new Set(policy.statements.filter(grants).flatMap((statement) => statement.actions));
  return [...actions].sort().flatMap((action) => {
    const resources = [...grantedBy(policy, action)];
    const excludedResources = [...deniedBy(policy, action)];
    if (excludedResources.includes(podUrn(EVERY_POD))) return [];
    const left = resources.filter((resource) => !excludedResources.includes(resource));
    return left.length === 0 ? [] : [{ action, resources: left, excludedResources }];
  });
}

function grants(statement: PolicyStatement): boolean {
  return statement.effect === 'allow' && isUnconditional(statement);
}

function isUnconditionalDenial(statement: PolicyStatement): boolean {
  return statement.effect === 'deny' && isUnconditional(statement);
}

function isUnconditional({ conditions }: PolicyStatement): boolean {
  return Object.keys(conditions ?? {}).length === 0;
}

function grantedBy(policy: Policy, action: string): ReadonlySet<string> {
  return new Set(resourcesOf(about(policy, action).filter(grants)));
}

function deniedBy(policy: Policy, action: string): ReadonlySet<string> {
  return new Set(resourcesOf(about(policy, action).filter(({ effect }) => effect === 'deny')));
}

function about(policy: Policy, action: string): PolicyStatement[] {
  return policy.statements.filter((statement) => statement.actions.includes(action));
}

function resourcesOf(statements: readonly PolicyStatement[]): string[] {
  return [...new Set(statements.flatMap((statement) => statement.resources))].sort();
}
