import type { Operation } from '../operation.ts';

/** Every status that an operation may answer, made of the facts of it. Each needs a test. */
export function requiredStatuses(operation: Operation): number[] {
  const { method, access, path, body, query } = operation;
  const needsKey = access.scope !== 'public';
  const takesInput =
    body.schema !== null || Object.keys(query.properties).length > 0 || path.includes('{kind}');
  const namesActions = needsKey && !(access.scope === 'account' && access.account.grant !== 'every-pod');
  const errors = [
    ...(takesInput ? [400] : []),
    ...(needsKey ? [401] : []),
    ...(namesActions ? [403] : []),
    ...(path.includes('{') ? [404] : []),
    ...(operation.hasPrecondition === true || operation.ifMatch !== undefined ? [412] : []),
    ...(method === 'GET' ? [] : [413]),
    429,
    ...(needsKey ? [500, 503, 504] : []),
  ];
  return [...Object.keys(operation.responses).map(Number), ...errors].sort();
}
