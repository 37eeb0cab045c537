import { Kysely, PostgresDialect, sql } from 'kysely';
import { Accounts } from './accounts.ts';
import { AcmeAccounts } from './acme-accounts.ts';
import { ApiKeys } from './api-keys.ts';
import { AuditLog } from './audit.ts';
import { Builds } from './builds.ts';
import { Clusters } from './clusters.ts';
import { type Connection, openPool, type StoreLogger } from './connection.ts';
import { Deployments } from './deployments.ts';
import { Domains } from './domains.ts';
import { Drafts } from './drafts.ts';
import { HttpAccessEvents } from './http-access.ts';
import { IdempotentAnswers } from './idempotent-answers.ts';
import { ImageCleanups } from './image-cleanups.ts';
import { Sizes } from './instance-sizes.ts';
import { type LiveRoute, liveRoutes } from './live-routes.ts';
import { migrate } from './migrate.ts';
import { PodChanges } from './pod-changes.ts';
import { type LockOutcome, PodLocks } from './pod-locks.ts';
import { Pods } from './pods.ts';
import { PullKeys } from './pull-keys.ts';
import { RateBudgets } from './rate-budgets.ts';
import { PostgresReconcilerStore, type ReconcilerStore } from './reconcile.ts';
import { RegistryCredentials } from './registry-credentials.ts';
import { RequestMetrics } from './request-metrics.ts';
import { RequestRecords } from './request-records.ts';
import { keepRequests, type RequestBounds } from './request-upkeep.ts';
import { Resources } from './resources.ts';
import { Restarts } from './restarts.ts';
import { Revisions } from './revisions.ts';
import type { Database, Tables } from './tables.ts';
import { inTransaction } from './transaction.ts';

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
  readonly audit: AuditLog;
  readonly clusters: Clusters;
  readonly instanceSizes: Sizes;
  readonly pods: Pods;
  readonly restarts: Restarts;
  readonly revisions: Revisions;
  readonly resources: Resources;
  readonly domains: Domains;
  readonly acmeAccounts: AcmeAccounts;
  readonly imageCleanups: ImageCleanups;
  readonly registryCredentials: RegistryCredentials;
  readonly pullKeys: PullKeys;
  readonly builds: Builds;
  readonly drafts: Drafts;
  readonly deployments: Deployments;
  readonly idempotentAnswers: IdempotentAnswers;
  readonly rateBudgets: RateBudgets;
  readonly requestRecords: RequestRecords;
  readonly httpAccess: HttpAccessEvents;
  readonly requestMetrics: RequestMetrics;
  /** What the reconciler works with. */
  readonly reconciler: ReconcilerStore;
  readonly #db: Database;
  readonly #changes: PodChanges;
  readonly #locks: PodLocks;

  constructor(parts: { db: Database; changes: PodChanges; locks: PodLocks }) {
    this.#db = parts.db;
    this.#changes = parts.changes;
    this.#locks = parts.locks;
    this.accounts = new Accounts(this.#db);
    this.apiKeys = new ApiKeys(this.#db);
    this.audit = new AuditLog(this.#db);
    this.clusters = new Clusters(this.#db);
    this.instanceSizes = new Sizes(this.#db);
    this.pods = new Pods(this.#db);
    this.restarts = new Restarts(this.#db);
    this.revisions = new Revisions(this.#db);
    this.resources = new Resources(this.#db);
    this.domains = new Domains(this.#db, this.#locks);
    this.acmeAccounts = new AcmeAccounts(this.#db);
    this.imageCleanups = new ImageCleanups(this.#db);
    this.registryCredentials = new RegistryCredentials(this.#db);
    this.pullKeys = new PullKeys(this.#db);
    this.builds = new Builds(this.#db, this.#locks);
    this.drafts = new Drafts(this.#db);
    this.deployments = new Deployments(this.#db);
    this.idempotentAnswers = new IdempotentAnswers(this.#db);
    this.rateBudgets = new RateBudgets(this.#db);
    this.requestRecords = new RequestRecords(this.#db);
    this.httpAccess = new HttpAccessEvents(this.#db);
    this.requestMetrics = new RequestMetrics(this.#db);
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

  /** The Routes that take requests, in all pods or in these; see `LiveRoute`. */
  liveRoutes(podIds: readonly string[] | null): Promise<LiveRoute[]> {
    return liveRoutes(this.#db, podIds);
  }

  /** Forgets, joins and coarsens what is kept of requests. */
  keepRequests(bounds: RequestBounds): Promise<void> {
    return keepRequests(this.#db, bounds);
  }

  /** Does a task of the whole platform while no other server does it; else nothing. `signal` tells that the lock was lost. */
  asOnlyServer<T>(task: string, work: (signal: AbortSignal) => Promise<T>): Promise<LockOutcome<T>> {
    return this.#locks.withLock(`task ${task}`, work);
  }

  /** Resolves when PostgreSQL answers. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }

  /**
   * Does work in one transaction: what it reads and writes through the store that it is given is kept together, or
   * not at all when it throws.
   */
  transact<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return inTransaction(this.#db, (db) =>
      work(new Store({ db, changes: this.#changes, locks: this.#locks })),
    );
  }

  /** What the reconciler of one cluster works with: that cluster's pods alone. */
  reconcilerOf(clusterId: string): ReconcilerStore {
    return new PostgresReconcilerStore({
      db: this.#db,
      changes: this.#changes,
      locks: this.#locks,
      clusterId,
    });
  }

  /** Tells when a revision of any pod changed its state; see `ReconcilerStore.onPodChanged`. */
  onPodChanged(listener: (podId: string) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** Tells when what is known of a pod's resources changed. */
  onStatusChanged(listener: (podId: string) => void): () => void {
    return this.#changes.subscribe(listener, 'status');
  }

  /** Waits for what is going on, then closes every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#changes.close(), this.#locks.close()]);
    await this.#db.destroy();
  }
}

/** Opens the store. PostgreSQL need not be there yet. */
export function openStore({ connection, maxConnections, logger = WARNINGS }: StoreOptions): Store {
  const pool = openPool(connection, maxConnections ?? DEFAULT_MAX_CONNECTIONS, logger);
  return new Store({
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    changes: new PodChanges({ connection, logger }),
    locks: new PodLocks({ connection, logger }),
  });
}
