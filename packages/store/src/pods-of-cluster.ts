import type { PodChangeListener } from './pod-changes.ts';
import type { Database } from './tables.ts';

/** Which pods are in a cluster. That of one pod never changes, so it is asked once. */
export class PodsOfCluster {
  readonly #db: Database;
  readonly #clusterId: string;
  #clusters: ReadonlyMap<string, string> = new Map();
  #reading: Promise<void> | null = null;

  constructor(db: Database, clusterId: string) {
    this.#db = db;
    this.#clusterId = clusterId;
  }

  async list(): Promise<string[]> {
    await this.#readAll();
    return [...this.#clusters]
      .filter(([, clusterId]) => clusterId === this.#clusterId)
      .map(([podId]) => podId);
  }

  /**
   * Passes a pod on that is in the cluster. Where that cannot be found out it is passed on all the same: who then reads
   * it is given nothing of another cluster.
   */
  tellIfMember(podId: string, listener: PodChangeListener): void {
    const known = this.#clusters.get(podId);
    if (known === this.#clusterId) listener(podId);
    if (known !== undefined) return;
    const tell = (): void => {
      const clusterId = this.#clusters.get(podId);
      if (clusterId === undefined || clusterId === this.#clusterId) listener(podId);
    };
    this.#read().then(tell, tell);
  }

  /** Many new pods at once take one query, or two. */
  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const rows = await this.#db
      .selectFrom('pod')
      .select(['id', 'cluster_id'])
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    this.#clusters = new Map(rows.map((row) => [row.id, row.cluster_id]));
  }
}
