import Type, { type Static } from 'typebox';
import type { Parsed } from './fault.ts';
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
  'database:connect',
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
  const about = policy.statements.filter((statement) => statement.actions.includes(action));
  const denied = about.some(
    ({ effect, resources }) =>
      effect === 'deny' && (urn === everywhere || resources.includes(urn) || resources.includes(everywhere)),
  );
  if (denied) return false;
  return about.some(
    (statement) =>
      grants(statement) && (statement.resources.includes(urn) || statement.resources.includes(everywhere)),
  );
}

/** Every action that the policy allows somewhere, sorted, with the pods it is allowed and denied on. */
export function permissionsOf(policy: Policy): Permission[] {
  const actions = new Set(policy.statements.filter(grants).flatMap((statement) => statement.actions));
  return [...actions].sort().flatMap((action) => {
    const about = policy.statements.filter((statement) => statement.actions.includes(action));
    const resources = resourcesOf(about.filter(grants));
    const excludedResources = resourcesOf(about.filter((statement) => statement.effect === 'deny'));
    if (excludedResources.includes(podUrn(EVERY_POD))) return [];
    const left = resources.filter((resource) => !excludedResources.includes(resource));
    return left.length === 0 ? [] : [{ action, resources: left, excludedResources }];
  });
}

function grants(statement: PolicyStatement): boolean {
  return statement.effect === 'allow' && Object.keys(statement.conditions ?? {}).length === 0;
}

function resourcesOf(statements: readonly PolicyStatement[]): string[] {
  return [...new Set(statements.flatMap((statement) => statement.resources))].sort();
}
