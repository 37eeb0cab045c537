import type { Action } from '@brainpod/model/policy';
import type { Operation } from '../operation.ts';
import { requiredStatuses } from './required-statuses.ts';

/** A test that an operation must have, by the status it gets and its title. */
export type Case = { status: number; title: string };

/** Keys that are none. */
export const DEAD_KEYS = {
  missing: 'without a key',
  unknown: 'with an unknown key',
  otherScheme: 'with another scheme',
  revoked: 'with a revoked key',
  expired: 'with an expired key',
  rolled: 'with the secret from before a roll',
};
export const FOREIGN_PODS = {
  otherAccount: 'for a pod of another account',
  otherPod: 'for a pod that the key may do nothing with',
  noName: 'for what cannot be the name of a pod',
};
export const NOT_OPERATOR = 'with a key for everything, of somebody who does not operate this installation';
export const TROUBLES = {
  tooLarge: { status: 413, title: 'for a body that is too large' },
  tooMany: { status: 429, title: 'when there are too many requests' },
  broken: { status: 500, title: 'for a fault of the platform, of which it tells nothing' },
  databaseAway: { status: 503, title: 'while the database is away' },
  tooLong: { status: 504, title: 'when it takes too long' },
} satisfies Record<string, Case>;

export function withoutAction(action: Action): string {
  return `with a key for everything but ${action}`;
}

export function withDenial(action: Action): string {
  return `with a key that is denied ${action}`;
}

/** The actions that a key needs for an operation, where not only some parameters need them. */
export function neededActions({ access }: Operation): readonly Action[] {
  if (access.scope === 'pod') return access.pod.actions;
  if (access.scope === 'operator') return [access.operator.action];
  return access.scope === 'account' && access.account.grant === 'every-pod' ? [access.account.action] : [];
}

/** Every kind of key, and the pods that a key must not learn of. */
export function accessCases(operation: Operation): Case[] {
  const { access } = operation;
  const cases = (status: number, titles: readonly string[]) => titles.map((title) => ({ status, title }));
  return [
    ...(access.scope === 'public' ? [] : cases(401, Object.values(DEAD_KEYS))),
    ...(access.scope === 'operator' ? cases(403, [NOT_OPERATOR]) : []),
    ...cases(
      403,
      neededActions(operation).flatMap((action) => [withoutAction(action), withDenial(action)]),
    ),
    ...(access.scope === 'pod' ? cases(404, Object.values(FOREIGN_PODS)) : []),
  ];
}

/** What goes wrong for reasons that are not the caller's request, or not what it says. */
export function troubleCases({ method, access }: Operation): Case[] {
  const { tooLarge, tooMany, broken, databaseAway, tooLong } = TROUBLES;
  return [
    ...(method === 'GET' ? [] : [tooLarge]),
    tooMany,
    ...(access.scope === 'public' ? [] : [broken, databaseAway, tooLong]),
  ];
}

/** Every status that an operation may answer, each with the titles that must be among its tests. */
export function requiredCases(operation: Operation): Case[] {
  return [...accessCases(operation), ...troubleCases(operation)];
}

/** Whether these tests are all that the operation needs; what is missing, in words. */
export function missingCases(operation: Operation, proven: readonly Case[]): string[] {
  const statuses = requiredStatuses(operation)
    .filter((status) => !proven.some((test) => test.status === status))
    .map((status) => `${operation.id}: nothing proves ${status}`);
  const titles = requiredCases(operation)
    .filter(({ status, title }) => !proven.some((test) => test.status === status && test.title === title))
    .map(({ status, title }) => `${operation.id}: no test "${status}: ${title}"`);
  return [...statuses, ...titles];
}
