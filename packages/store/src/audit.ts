import type { Database } from './tables.ts';

/** Who does something, and from where; what the audit log keeps of them. */
export type Actor = {
  accountId: string | null;
  userId: string | null;
  email: string | null;
  keyId: string | null;
  keyName: string | null;
  /** The operation's id: `deployPod`. */
  operation: string;
  requestId: string | null;
  /** The address the request came from. */
  address: string | null;
};

/** What it is done to. `accountId` where that is another account than the actor's. */
export type AuditFacts = {
  accountId?: string;
  pod?: { id: string; name: string };
  /** A resource's URN, or the id of a key, a cluster, a size. */
  target?: string;
  revisionId?: string;
};

export type AuditEntry = {
  id: string;
  at: Date;
  userId: string | null;
  email: string | null;
  keyId: string | null;
  keyName: string | null;
  operation: string;
  podName: string | null;
  target: string | null;
  revisionId: string | null;
  address: string | null;
  requestId: string | null;
};

/** What the platform does by itself, such as erasing a pod whose time has come. */
export function platformActor(operation: string): Actor {
  return {
    accountId: null,
    userId: null,
    email: null,
    keyId: null,
    keyName: null,
    operation,
    requestId: null,
    address: null,
  };
}

/** Adds an entry for each. Called in the transaction of the change itself: there is neither without the other. */
export async function recordAudit(db: Database, actor: Actor, ...facts: AuditFacts[]): Promise<void> {
  if (facts.length === 0) return;
  await db
    .insertInto('audit_entry')
    .values(
      facts.map(({ accountId, pod, target, revisionId }) => ({
        account_id: accountId ?? actor.accountId,
        user_id: actor.userId,
        email: actor.email,
        key_id: actor.keyId,
        key_name: actor.keyName,
        operation: actor.operation,
        pod_id: pod?.id ?? null,
        pod_name: pod?.name ?? null,
        target: target ?? null,
        revision_id: revisionId ?? null,
        address: actor.address,
        request_id: actor.requestId,
      })),
    )
    .execute();
}
