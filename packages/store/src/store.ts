import { Kysely, PostgresDialect, sql } from 'kysely';
import { Accounts } from './accounts.ts';
import { ApiKeys } from './api-keys.ts';
import { Clusters } from './clusters.ts';
import { type Connection, openPool, type StoreLogger } from './connection.ts';
import { Deployments } from './deployments.ts';
import { Drafts } from './drafts.ts';
import { migrate } from './migrate.ts';
import { PodChanges } from './pod-changes.ts';
import { PodLocks } from './pod-locks.ts';
import { Pods } from './pods.ts';
import { PostgresReconcilerStore, type ReconcilerStore } from './reconcile.ts';
import { Resources } from './resources.ts';
import { Revisions } from './revisions.ts';
import type { Database, Tables } from './tables.ts';

export type StoreOptions = {
  connection: Connection;
  /** Clients in the pool at most; besides it there are up to two dedicated connections. */
  maxConnections?: number;
  logger?: StoreLogger;
};

const DEFAULT_MAX_CONNECTIONS = 10;

// Without a logger of the caller's, troubles with the connection go where Node's own warnings go.
const WARNINGS: StoreLogger = {
  warn: (fields, message) => process.emitWarning(`${message} ${JSON.stringify(fields)}`),
};

/** All that is kept in PostgreSQL, by aggregate. Nothing connects before it is first used. */
export class Store {
  readonly accounts: Accounts;
  readonly apiKeys: ApiKeys;
  readonly clusters: Clusters;
  readonly pods: Pods;
  readonly revisions: Revisions;
  readonly resources: Resources;
  readonly drafts: Drafts;
  readonly deployments: Deployments;
  /** What the reconciler works with. */
  readonly reconciler: ReconcilerStore;
  readonly #db: Database;
  readonly #changes: PodChanges;
  readonly #locks: PodLocks;

  constructor(options: StoreOptions) {
    const logger = options.logger ?? WARNINGS;
    const { connection } = options;
    const pool = openPool(connection, options.maxConnections ?? DEFAULT_MAX_CONNECTIONS, logger);
    this.#db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    this.#changes = new PodChanges({ connection, logger });
    this.#locks = new PodLocks({ connection, logger });
    this.accounts = new Accounts(this.#db);
    this.apiKeys = new ApiKeys(this.#db);
    this.clusters = new Clusters(this.#db);
    this.pods = new Pods(this.#db);
    this.revisions = new Revisions(this.#db);
    this.resources = new Resources(this.#db);
    this.drafts = new Drafts(this.#db);
    this.deployments = new Deployments(this.#db);
    this.reconciler = new PostgresReconcilerStore({
      db: this.#db,
      changes: this.#changes,
      locks: this.#locks,
    });
  }

  /** Brings the database to the newest layout. Several servers may do so at once. */
  migrate(): Promise<void> {
    return migrate(this.#db);
  }

  /** Resolves when PostgreSQL answers. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }

  /** Tells when a revision of any pod changed its state; see `ReconcilerStore.onPodChanged`. */
  onPodChanged(listener: (podId: string) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** Waits for what is going on, then closes every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#changes.close(), this.#locks.close()]);
    await this.#db.destroy();
  }
}

/** Opens the store. PostgreSQL need not be there yet. */
export function openStore(options: StoreOptions): Store {
  return new Store(options);
}
