import type { Operation } from '../operation.ts';

/**
 * The statuses of an operation that need a test: all it answers when things go well, and of the errors those that
 * it can run into by itself. What is the same for every operation (413, 500, 503, …) is tested once, elsewhere.
 */
export function requiredStatuses(operation: Operation): number[] {
  const { access, path, body, query } = operation;
  const takesInput =
    body.schema !== null || Object.keys(query.properties).length > 0 || path.includes('{kind}');
  const namesActions =
    access.scope === 'pod' ||
    access.scope === 'operator' ||
    (access.scope === 'account' && access.account.grant === 'every-pod');
  const errors = [
    ...(takesInput ? [400] : []),
    ...(access.scope === 'public' ? [] : [401]),
    ...(namesActions ? [403] : []),
    ...(path.includes('{') ? [404] : []),
    ...(operation.hasPrecondition === true || operation.ifMatch !== undefined ? [412] : []),
  ];
  return [...Object.keys(operation.responses).map(Number), ...errors].sort();
}
