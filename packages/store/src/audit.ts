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

export type AuditFilter = { operation?: string; from?: Date; to?: Date };
export type AuditPage = { items: AuditEntry[]; nextCursor: string | null };

/** Who did what. Entries are only ever added, by those who do it. */
export class AuditLog {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Says what was done where nothing else is written. */
  record(actor: Actor, facts: AuditFacts): Promise<void> {
    return recordAudit(this.#db, actor, facts);
  }

  /** A page of an account's entries, or of one pod's, newest first, that starts after the entry `cursor`. */
  async list(
    scope: { accountId: string } | { podId: string },
    page: AuditFilter & { limit: number; cursor?: string },
  ): Promise<AuditPage> {
    let query = this.#db
      .selectFrom('audit_entry')
      .select(['id', 'at', 'user_id as userId', 'email', 'key_id as keyId', 'key_name as keyName'])
      .select(['operation', 'pod_name as podName', 'target', 'revision_id as revisionId'])
      .select(['address', 'request_id as requestId'])
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    query =
      'podId' in scope
        ? query.where('pod_id', '=', scope.podId)
        : query.where('account_id', '=', scope.accountId);
    if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
    if (page.operation !== undefined) query = query.where('operation', '=', page.operation);
    if (page.from !== undefined) query = query.where('at', '>=', page.from);
    if (page.to !== undefined) query = query.where('at', '<', page.to);
    const rows = await query.execute();
    const items = rows.slice(0, page.limit);
    return { items, nextCursor: rows.length > items.length ? (items.at(-1)?.id ?? null) : null };
  }
}

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
