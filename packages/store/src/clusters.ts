import { ApiError } from '@brainpod/model/errors';
import { type Actor, recordAudit } from './audit.ts';
import type { Database, DatabaseTransaction } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** What anybody may know of a cluster. */
export type Cluster = {
  id: string;
  name: string;
  provider: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  region: string | null;
  architectures: string[];
  /** Null: the server's own. */
  gatewayClass: string | null;
  /** The server was started with it: its kubeconfig and these facts come from the server's settings. */
  isBuiltIn: boolean;
};

export type ClusterFacts = Pick<Cluster, 'provider' | 'region' | 'architectures'> & {
  country?: string | null;
};

/** A cluster with what its kubeconfig was sealed to; null for the server's own. */
export type ClusterAccessRecord = Cluster & { kubeconfigSealed: Buffer | null };

export type NewCluster = Omit<Cluster, 'isBuiltIn'> & { kubeconfigSealed: Buffer };
export type ClusterChange = Partial<Omit<NewCluster, 'id'>>;

const DEFAULT_CLUSTER = 'default';
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** The places pods run. */
export class Clusters {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** All clusters, in the order in which they were made. */
  async list(): Promise<Cluster[]> {
    const records = await this.listAccess();
    return records.map(withoutAccess);
  }

  async find(id: string): Promise<Cluster | null> {
    const clusters = await this.list();
    return clusters.find((cluster) => cluster.id === id) ?? null;
  }

  /** All clusters with their sealed kubeconfigs, for those who work on them. */
  async listAccess(): Promise<ClusterAccessRecord[]> {
    const rows = await this.#db
      .selectFrom('cluster')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      provider: row.provider,
      country: row.country,
      region: row.region,
      architectures: row.architectures,
      gatewayClass: row.gateway_class,
      isBuiltIn: row.kubeconfig_sealed === null,
      kubeconfigSealed: row.kubeconfig_sealed,
    }));
  }

  /** Records what is known of the cluster that this server was started with. Safe to repeat; returns its id. */
  async registerDefault(facts: ClusterFacts): Promise<string> {
    const values = { ...facts, country: facts.country ?? null };
    const { id } = await this.#db
      .insertInto('cluster')
      .values({ name: DEFAULT_CLUSTER, ...values })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  /** The cluster new pods are placed in that name none: the server's own, else the oldest; null while there is none. */
  async defaultId(): Promise<string | null> {
    const clusters = await this.list();
    return (clusters.find(({ isBuiltIn }) => isBuiltIn) ?? clusters[0])?.id ?? null;
  }

  /** Adds a cluster. PRECONDITION_FAILED (ApiError) when the name is taken. */
  async register(cluster: NewCluster, actor: Actor): Promise<Cluster> {
    await inTransaction(this.#db, async (trx) => {
      await orNameTaken(cluster.name, () =>
        trx
          .insertInto('cluster')
          .values({
            id: cluster.id,
            name: cluster.name,
            ...columnsOf(cluster),
            architectures: cluster.architectures,
          })
          .execute(),
      );
      await recordAudit(trx, actor, { target: cluster.id });
    });
    return this.#read(cluster.id);
  }

  /**
   * Changes what is given. NOT_FOUND (ApiError) when there is no such cluster; PRECONDITION_FAILED for the one that the
   * server was started with, and when the name is taken.
   */
  async update(id: string, change: ClusterChange, actor: Actor): Promise<Cluster> {
    await inTransaction(this.#db, async (trx) => {
      await lockRegistered(trx, id);
      const values = columnsOf(change);
      if (Object.keys(values).length > 0) {
        await orNameTaken(change.name ?? '', () =>
          trx.updateTable('cluster').set(values).where('id', '=', id).execute(),
        );
      }
      await recordAudit(trx, actor, { target: id });
    });
    return this.#read(id);
  }

  /**
   * Removes a cluster; what is in it that is not a pod's stays as it is. NOT_FOUND (ApiError) when there is none;
   * PRECONDITION_FAILED while pods are in it, and for the one that the server was started with.
   */
  async remove(id: string, actor: Actor): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const name = await lockRegistered(trx, id);
      try {
        await trx.deleteFrom('cluster').where('id', '=', id).execute();
      } catch (cause) {
        if (codeOf(cause) !== FOREIGN_KEY_VIOLATION) throw cause;
        throw new ApiError(
          'PRECONDITION_FAILED',
          `There are pods in cluster "${name}". Delete them first, and wait until they are erased.`,
          { cause },
        );
      }
      await recordAudit(trx, actor, { target: id });
    });
  }

  async #read(id: string): Promise<Cluster> {
    const cluster = await this.find(id);
    if (cluster === null) throw new Error(`cluster ${id}, which was just written, is not there`);
    return cluster;
  }
}

function withoutAccess({ kubeconfigSealed: _sealed, ...cluster }: ClusterAccessRecord): Cluster {
  return cluster;
}

function columnsOf(change: ClusterChange): Record<string, string | null | string[] | Buffer> {
  const { name, provider, country, region, architectures, gatewayClass, kubeconfigSealed } = change;
  const columns = {
    name,
    provider,
    country,
    region,
    architectures,
    gateway_class: gatewayClass,
    kubeconfig_sealed: kubeconfigSealed,
  };
  const given: Record<string, string | null | string[] | Buffer> = {};
  for (const [column, value] of Object.entries(columns)) if (value !== undefined) given[column] = value;
  return given;
}

async function lockRegistered(trx: DatabaseTransaction, id: string): Promise<string> {
  const row = await trx
    .selectFrom('cluster')
    .select(['name', 'kubeconfig_sealed'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new ApiError('NOT_FOUND', 'There is no such cluster.');
  if (row.kubeconfig_sealed !== null) return row.name;
  throw new ApiError(
    'PRECONDITION_FAILED',
    `Cluster "${row.name}" is the one that the server was started with. Change the server's settings instead.`,
  );
}

async function orNameTaken(name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (codeOf(cause) !== UNIQUE_VIOLATION) throw cause;
    throw new ApiError('PRECONDITION_FAILED', `There is a cluster "${name}" already. Use another name.`, {
      cause,
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
