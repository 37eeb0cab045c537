import type { ResourceDocument } from '@brainpod/model/document';
import type { InstanceSizes } from '@brainpod/model/instance-size';
import type { RevisionState } from '@brainpod/model/revision-state';
import { sql } from 'kysely';
import { erasePod } from './deleted-pods.ts';
import { loadEntries } from './documents.ts';
import { releaseUnusedDomains } from './domain-claims.ts';
import { type Domain, loadDomains } from './domains.ts';
import { loadInstanceSizes } from './instance-sizes.ts';
import { lockAnyPod } from './locked-pod.ts';
import type { PodChangeListener, PodChanges } from './pod-changes.ts';
import type { LockOutcome, PodLocks } from './pod-locks.ts';
import { PodsOfCluster } from './pods-of-cluster.ts';
import { dropPullKey, holdPullKey, loadPullKey, type PullKey } from './pull-keys.ts';
import { loadRegistryCredentials, type RegistryCredential } from './registry-credentials.ts';
import { finishRestart, loadRestarts, type Restart } from './restarts.ts';
import { type StatusReport, saveStatuses } from './statuses.ts';
import type { Database, DatabaseTransaction, ImageDigests, PodLimits } from './tables.ts';
import { inTransaction } from './transaction.ts';
import { type RevisionChanges, startNextDeploy, transition } from './transition.ts';

/** A revision as the reconciler reads it. */
export type Snapshot = {
  revisionId: string;
  version: number;
  state: RevisionState;
  /** When its turn to be deployed came; null before that. */
  deployStartedAt: Date | null;
  documents: ResourceDocument[];
  /** What its images were when it was sent on its way; one that is not in it is what its name says. */
  imageDigests: ImageDigests;
};

export type PodState = {
  pod: {
    id: string;
    name: string;
    isStopped: boolean;
    /** Of a deleted pod: when nothing of it is kept any longer. Null for one that is not deleted. */
    eraseAfter: Date | null;
    limits: PodLimits | null;
  };
  /** What one instance of each size may use. */
  sizes: InstanceSizes;
  /** The last restart of each resource that had one. */
  restarts: Restart[];
  /** Its own domains, however far they have come. */
  domains: Domain[];
  /** What it pulls images of other registries with. */
  registryCredentials: RegistryCredential[];
  /** With what it pulls those of ours: what it is to have, and the oldest that its namespace may hold. */
  pullKey: { newest: PullKey; heldId: number | null };
  /** The oldest revision on its way (pending or ready): deploys of one pod go one after the other. */
  target: Snapshot | null;
  /** What is live. */
  deployed: Snapshot | null;
};

/** What the reconciler reads and writes. */
export interface ReconcilerStore {
  listPodIds(): Promise<string[]>;
  loadPod(podId: string): Promise<PodState | null>;
  /** Also reports every pod each time the connection to PostgreSQL comes (back) up. Returns what ends it. */
  onPodChanged(listener: (podId: string) => void): () => void;
  /** `signal` tells the work that the lock was lost with its connection; then this throws. */
  withPodLock<T>(podId: string, work: (signal: AbortSignal) => Promise<T>): Promise<LockOutcome<T>>;
  /**
   * From pending; again from ready, where the newer checksum stays. False, here and below: the revision was canceled
   * meanwhile, and nothing was changed.
   */
  markReady(revisionId: string, checksum: string): Promise<boolean>;
  /** From ready. The revision becomes the pod's deployed one. */
  markDeployed(revisionId: string): Promise<boolean>;
  /** From pending or ready. Clears the checksum; `error` is shown to people. */
  markFailed(revisionId: string, error: string): Promise<boolean>;
  /** Ends a restart; `error` where the new instances did not get ready. */
  finishRestart(
    podId: string,
    restart: Pick<Restart, 'kind' | 'name' | 'restartedAt'>,
    error: string | null,
  ): Promise<void>;
  /** Notes which key the namespace may hold, and none that is older; false when it is about to be refused. */
  holdPullKey(podId: string, keyId: number): Promise<boolean>;
  /** Notes that the namespace holds none any more. */
  dropPullKey(podId: string): Promise<void>;
  /** Erases a deleted pod whose time was over at `now`; false when it is not to be erased. */
  erasePod(podId: string, now: Date): Promise<boolean>;
  /** Makes these the statuses of the pod's resources, writing only differences. */
  saveStatuses(podId: string, statuses: StatusReport[]): Promise<void>;
}

/**
 * The reconciler's view of PostgreSQL: of all pods, or of those of one cluster. A mark that the revision's state does
 * not allow throws.
 */
export class PostgresReconcilerStore implements ReconcilerStore {
  readonly #db: Database;
  readonly #changes: PodChanges;
  readonly #locks: PodLocks;
  readonly #clusterId: string | null;
  readonly #pods: PodsOfCluster | null;

  constructor(parts: { db: Database; changes: PodChanges; locks: PodLocks; clusterId?: string }) {
    const { db, changes, locks, clusterId } = parts;
    this.#db = db;
    this.#changes = changes;
    this.#locks = locks;
    this.#clusterId = clusterId ?? null;
    this.#pods = clusterId === undefined ? null : new PodsOfCluster(db, clusterId);
  }

  async listPodIds(): Promise<string[]> {
    if (this.#pods !== null) return this.#pods.list();
    const rows = await this.#db.selectFrom('pod').select('id').orderBy('created_at').orderBy('id').execute();
    return rows.map((row) => row.id);
  }

  /** Reads everything from one moment: pointers and documents never come from two different ones. */
  loadPod(podId: string): Promise<PodState | null> {
    const transaction = this.#db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only');
    return transaction.execute(async (trx) => {
      const pod = await trx
        .selectFrom('pod')
        .select(['id', 'name', 'deployed_revision_id', 'stopped_at', 'erase_after', 'limits'])
        .where('id', '=', podId)
        .$if(this.#clusterId !== null, (query) => query.where('cluster_id', '=', this.#clusterId))
        .executeTakeFirst();
      if (pod === undefined) return null;
      const deployedId = pod.deployed_revision_id;
      return {
        pod: {
          id: pod.id,
          name: pod.name,
          isStopped: pod.stopped_at !== null,
          eraseAfter: pod.erase_after,
          limits: pod.limits,
        },
        sizes: await loadInstanceSizes(trx),
        restarts: await loadRestarts(trx, podId),
        domains: await loadDomains(trx, podId),
        registryCredentials: await loadRegistryCredentials(trx, podId),
        pullKey: await loadPullKey(trx, podId),
        target: await loadTarget(trx, podId),
        deployed: deployedId === null ? null : await loadSnapshot(trx, deployedId),
      };
    });
  }

  onPodChanged(listener: PodChangeListener): () => void {
    const pods = this.#pods;
    return this.#changes.subscribe(pods === null ? listener : (podId) => pods.tellIfMember(podId, listener));
  }

  withPodLock<T>(podId: string, work: (signal: AbortSignal) => Promise<T>): Promise<LockOutcome<T>> {
    return this.#locks.withLock(podId, work);
  }

  markReady(revisionId: string, checksum: string): Promise<boolean> {
    return this.#mark(revisionId, 'ready', { checksum }, async (trx) => {
      await trx.updateTable('revision').set({ checksum }).where('id', '=', revisionId).execute();
    });
  }

  markDeployed(revisionId: string): Promise<boolean> {
    return this.#mark(revisionId, 'deployed', { deployed_at: sql<Date>`clock_timestamp()` });
  }

  markFailed(revisionId: string, error: string): Promise<boolean> {
    return this.#mark(revisionId, 'failed', { error, checksum: null });
  }

  finishRestart(
    podId: string,
    restart: Pick<Restart, 'kind' | 'name' | 'restartedAt'>,
    error: string | null,
  ): Promise<void> {
    return finishRestart(this.#db, podId, restart, error);
  }

  holdPullKey(podId: string, keyId: number): Promise<boolean> {
    return holdPullKey(this.#db, podId, keyId);
  }

  dropPullKey(podId: string): Promise<void> {
    return dropPullKey(this.#db, podId);
  }

  erasePod(podId: string, now: Date): Promise<boolean> {
    return inTransaction(this.#db, (trx) => erasePod(trx, podId, now));
  }

  saveStatuses(podId: string, statuses: StatusReport[]): Promise<void> {
    return saveStatuses(this.#db, podId, statuses);
  }

  async #mark(
    revisionId: string,
    to: 'ready' | 'deployed' | 'failed',
    changes: RevisionChanges,
    ifThereAlready: (trx: DatabaseTransaction) => Promise<void> = () => Promise.resolve(),
  ): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const podId = await podOf(trx, revisionId);
      await lockAnyPod(trx, podId);
      if (!(await transition(trx, revisionId, to, changes))) {
        const state = await stateOf(trx, revisionId);
        if (state === 'canceled') return false;
        if (state !== to) throw new Error(`revision ${revisionId} is ${state} and cannot become ${to}`);
        await ifThereAlready(trx);
        return true;
      }
      if (to === 'deployed') {
        await trx
          .updateTable('pod')
          .set({ deployed_revision_id: revisionId })
          .where('id', '=', podId)
          .execute();
      }
      if (to === 'ready') return true;
      await startNextDeploy(trx, podId);
      await releaseUnusedDomains(trx, podId);
      return true;
    });
  }
}

async function podOf(trx: DatabaseTransaction, revisionId: string): Promise<string> {
  const row = await trx
    .selectFrom('revision')
    .select('pod_id')
    .where('id', '=', revisionId)
    .executeTakeFirst();
  if (row === undefined) throw new Error(`there is no revision ${revisionId}`);
  return row.pod_id;
}

async function stateOf(trx: DatabaseTransaction, revisionId: string): Promise<RevisionState> {
  const row = await trx
    .selectFrom('revision')
    .select('state')
    .where('id', '=', revisionId)
    .executeTakeFirstOrThrow();
  return row.state;
}

async function loadTarget(trx: DatabaseTransaction, podId: string): Promise<Snapshot | null> {
  const row = await trx
    .selectFrom('revision')
    .select('id')
    .where('pod_id', '=', podId)
    .where('state', 'in', ['pending', 'ready'])
    .orderBy('version')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : loadSnapshot(trx, row.id);
}

async function loadSnapshot(trx: DatabaseTransaction, revisionId: string): Promise<Snapshot> {
  const row = await trx
    .selectFrom('revision')
    .select(['id', 'version', 'state', 'deploy_started_at', 'image_digests'])
    .where('id', '=', revisionId)
    .executeTakeFirstOrThrow();
  const entries = await loadEntries(trx, revisionId);
  return {
    revisionId: row.id,
    version: row.version,
    state: row.state,
    deployStartedAt: row.deploy_started_at,
    documents: entries.map((entry) => entry.document),
    imageDigests: row.image_digests,
  };
}
