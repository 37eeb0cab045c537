import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterPort } from '@brainpod/api/cluster-port';
import type { KubeClient } from '@brainpod/kube/client';
import type { ClusterAccessRecord } from '@brainpod/store/clusters';
import { type ClusterParts, type ClusterPlace, type ClusterWorker, workOnCluster } from './cluster.ts';
import type { TextSealer } from './sealed-text.ts';

const LOOK_INTERVAL_MS = 2_000;

/** `isOwn`: the one that the server was started with. */
export type AnsweringCluster = { kube: KubeClient; isOwn: boolean };

export type ClusterWorkers = {
  /** What the API asks of a cluster; null while that has not answered yet. */
  portOf(clusterId: string): ClusterPort | null;
  /** The clusters that answer, by id. */
  answering(): Map<string, AnsweringCluster>;
  stop(): Promise<void>;
};

/**
 * Works on every cluster that the store knows, each by a reconciler of its own, so that one that is away holds up no
 * other. Follows what is registered, changed and removed, on whichever server.
 */
export function workOnClusters(parts: ClusterParts & { sealer: TextSealer }): ClusterWorkers {
  const workers = new Workers(parts);
  const stopped = new AbortController();
  const following = workers.follow(stopped.signal);
  return {
    portOf: (clusterId) => workers.portOf(clusterId),
    answering: () => workers.answering(),
    async stop() {
      stopped.abort();
      await following;
    },
  };
}

type Entry = { version: string; worker: ClusterWorker; isOwn: boolean };

class Workers {
  readonly #parts: ClusterParts & { sealer: TextSealer };
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new Map<string, Promise<void>>();
  #isBlind = false;

  constructor(parts: ClusterParts & { sealer: TextSealer }) {
    this.#parts = parts;
  }

  portOf(clusterId: string): ClusterPort | null {
    return this.#entries.get(clusterId)?.worker.port() ?? null;
  }

  answering(): Map<string, AnsweringCluster> {
    return new Map(
      [...this.#entries].flatMap(([id, { worker, isOwn }]) => {
        const kube = worker.kube();
        return kube === null ? [] : [[id, { kube, isOwn }] as const];
      }),
    );
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    for (const clusterId of [...this.#entries.keys()]) this.#end(clusterId);
    await Promise.all(this.#ending.values());
  }

  async #look(): Promise<void> {
    let records: ClusterAccessRecord[];
    try {
      records = await this.#parts.store.clusters.listAccess();
    } catch (error) {
      // PostgreSQL is away: those that are known are worked on. Said once, tried again for ever.
      if (!this.#isBlind)
        this.#parts.logger.warn({ err: error }, 'cannot read which clusters there are; trying again');
      this.#isBlind = true;
      return;
    }
    this.#isBlind = false;
    const wanted = new Map(records.map((record) => [record.id, record]));
    for (const clusterId of [...this.#entries.keys()]) if (!wanted.has(clusterId)) this.#end(clusterId);
    for (const record of records) {
      const version = versionOf(record);
      if (this.#entries.get(record.id)?.version === version) continue;
      this.#end(record.id);
      const worker = workOnCluster(this.#parts, this.#placeOf(record), this.#ending.get(record.id));
      this.#entries.set(record.id, { version, worker, isOwn: record.kubeconfigSealed === null });
    }
  }

  /** Of two workers on one cluster the second begins when the first has ended; nobody else waits for that. */
  #end(clusterId: string): void {
    const entry = this.#entries.get(clusterId);
    if (entry === undefined) return;
    this.#entries.delete(clusterId);
    const ending = entry.worker.stop().finally(() => {
      if (this.#ending.get(clusterId) === ending) this.#ending.delete(clusterId);
    });
    this.#ending.set(clusterId, ending);
  }

  #placeOf(record: ClusterAccessRecord): ClusterPlace {
    const { settings, sealer, logger } = this.#parts;
    const { id, kubeconfigSealed } = record;
    const gatewayClass = record.gatewayClass ?? settings.gatewayClass;
    if (kubeconfigSealed === null) return { id, gatewayClass, access: { path: settings.kubeconfig } };
    try {
      return { id, gatewayClass, access: { text: sealer.open(id, kubeconfigSealed) } };
    } catch (error) {
      logger.error(
        { err: error, cluster: record.name },
        'the kubeconfig of a cluster cannot be opened: it was sealed under another master key. Set it again.',
      );
      // What is deployed there fails in its time, as for a cluster that is away.
      return { id, gatewayClass, access: { text: '' } };
    }
  }
}

/** Differs when a cluster is to be reached or used in another way. */
function versionOf({ gatewayClass, kubeconfigSealed }: ClusterAccessRecord): string {
  const hash = createHash('sha256').update(gatewayClass ?? '');
  return hash
    .update('\0')
    .update(kubeconfigSealed ?? '')
    .digest('base64');
}
