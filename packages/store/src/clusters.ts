import type { Database } from './tables.ts';

export type Cluster = {
  id: string;
  provider: string | null;
  region: string | null;
  architectures: string[];
};

export type ClusterFacts = { provider: string | null; region: string | null; architectures: string[] };

const DEFAULT_CLUSTER = 'default';

/** The places pods run. */
export class Clusters {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  list(): Promise<Cluster[]> {
    return this.#db
      .selectFrom('cluster')
      .select(['id', 'provider', 'region', 'architectures'])
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  }

  /** Records what is known of the cluster this server works on. Safe to repeat; returns its id. */
  async registerDefault(facts: ClusterFacts): Promise<string> {
    const { id } = await this.#db
      .insertInto('cluster')
      .values({ name: DEFAULT_CLUSTER, ...facts })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(facts))
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  /** The cluster new pods are placed in; null before `registerDefault`. */
  async defaultId(): Promise<string | null> {
    const row = await this.#db
      .selectFrom('cluster')
      .select('id')
      .where('name', '=', DEFAULT_CLUSTER)
      .executeTakeFirst();
    return row?.id ?? null;
  }
}
