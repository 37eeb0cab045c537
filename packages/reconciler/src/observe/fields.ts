import { isRecord } from '@brainpod/kube/kube-object';

/** Reads a value at a path of fields from an object of unknown shape. */
export function at(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const field of path) {
    if (!isRecord(current)) return undefined;
    current = current[field];
  }
  return current;
}

export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** Numbers that are zero are left out of many answers. */
export function numberAt(value: unknown, ...path: string[]): number {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export type Condition = {
  type: string;
  status: string;
  reason: string;
  message: string;
  observedGeneration: number;
};

export function conditionsOf(value: unknown): Condition[] {
  return listAt(value, 'conditions').map((condition) => ({
    type: textAt(condition, 'type') ?? '',
    status: textAt(condition, 'status') ?? '',
    reason: textAt(condition, 'reason') ?? '',
    message: textAt(condition, 'message') ?? '',
    observedGeneration: numberAt(condition, 'observedGeneration'),
  }));
}
