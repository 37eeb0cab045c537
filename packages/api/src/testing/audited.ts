import { expect } from 'vitest';
import type { Answer, Heard, TestApi } from './test-api.ts';

/**
 * Holds what an operation answered against the audit log: refused requests are not in it, and those that changed
 * something are, with the operation that did it. Returns how many of them there were.
 */
export async function assertAudited(api: TestApi, heard: readonly Heard[]): Promise<number> {
  const rows = await api.sql('select request_id, operation from audit_entry where request_id is not null');
  const operationsOf = (requestId: string) =>
    rows.filter((row) => row.request_id === requestId).map(({ operation }) => operation);
  let count = 0;
  for (const { answer, operationId, requestId } of heard) {
    const operations = [...new Set(operationsOf(requestId))];
    const expected = answer.status < 400 && changedSomething(answer) ? [operationId] : [];
    expect({ status: answer.status, operations }).toEqual({ status: answer.status, operations: expected });
    count += expected.length;
  }
  return count;
}

/** A rehearsal, a change of nothing and a repetition leave no entry of their own. */
function changedSomething({ body, headers }: Answer): boolean {
  const isRepetition = headers['idempotency-replayed'] === 'true';
  const text = JSON.stringify(body);
  return !(isRepetition || text === '{"valid":true}' || text.includes('"resources":[]'));
}
