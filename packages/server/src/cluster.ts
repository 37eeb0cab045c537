import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterPort } from '@brainpod/api/cluster-port';
import type { Platform } from '@brainpod/compiler/platform-facts';
import { KubeClient } from '@brainpod/kube/client';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import type { DomainKeys, PullSecrets } from '@brainpod/reconciler/ports';
import { startReconciler } from '@brainpod/reconciler/reconciler';
import { eraseImages } from '@brainpod/registry/erase-images';
import type { Store } from '@brainpod/store/store';
import type { Logger } from 'pino';
import type { Certificates } from './certificates.ts';
import { type ClusterOffers, ClusterRun } from './cluster-run.ts';
import type { Settings } from './settings.ts';

const LOOK_INTERVAL_MS = 500;
/** Longer than the edge needs to hear that an instance is ending. */
const DRAIN_SECONDS = 4;

export type ClusterWorker = {
  /** What the API asks of the cluster; null while that has not answered yet. */
  port(): ClusterPort | null;
  /** The cluster itself; null as `port`. */
  kube(): KubeClient | null;
  stop(): Promise<void>;
};

export type ClusterParts = {
  settings: Settings;
  store: Store;
  certificates: Certificates;
  domainKeys: DomainKeys;
  pullSecrets: PullSecrets;
  logger: Logger;
  /** What programs get that a kubeconfig names for credentials. */
  environment: NodeJS.ProcessEnv;
};

/** Which cluster, and how it is reached: by a file that may appear and change, or by a kubeconfig that was registered. */
export type ClusterPlace = { id: string; gatewayClass: string; access: { path: string } | { text: string } };

/**
 * Keeps the pods of one cluster as the store says, from the start: what is to be deployed while the cluster has not
 * answered fails in its time. Begins anew with a new client when the file of the kubeconfig changes, as it does when
 * the engine renews its certificates. Begins when `after` is over; never rejects.
 */
export function workOnCluster(
  parts: ClusterParts,
  place: ClusterPlace,
  after: Promise<void> = Promise.resolve(),
): ClusterWorker {
  const worker = new Worker(parts, place);
  const stopped = new AbortController();
  const following = after.then(() => worker.follow(stopped.signal));
  return {
    port: () => worker.port,
    kube: () => worker.kube,
    async stop() {
      stopped.abort();
      await following;
    },
  };
}

/** Starts a run, and the next one when the kubeconfig is another. */
class Worker {
  readonly #parts: ClusterParts;
  readonly #place: ClusterPlace;
  readonly #logger: Logger;
  #run: ClusterRun | null = null;
  /** What the run was started with; null when there was none, or none of use. */
  #kubeconfig: string | null = null;
  #lastTrouble = '';

  constructor(parts: ClusterParts, place: ClusterPlace) {
    this.#parts = parts;
    this.#place = place;
    this.#logger = parts.logger.child({ part: 'reconciler', cluster: place.id });
  }

  get port(): ClusterPort | null {
    return this.#run?.port ?? null;
  }

  get kube(): KubeClient | null {
    return this.#run?.kube ?? null;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#endRun();
  }

  async #look(): Promise<void> {
    try {
      const { access } = this.#place;
      const text = 'text' in access ? access.text : await readIfThere(access.path);
      if (text !== null && text !== this.#kubeconfig) {
        const kube = await this.#client();
        await this.#endRun();
        this.#begin(kube);
        this.#kubeconfig = text;
      }
    } catch (error) {
      // The file is half written: said once, tried again for ever.
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#lastTrouble) this.#logger.warn({ trouble }, 'the kubeconfig is of no use');
      this.#lastTrouble = trouble;
    }
    if (this.#run === null) this.#begin(KubeClient.unreachable('there is no kubeconfig yet'));
  }

  #client(): Promise<KubeClient> {
    const { access } = this.#place;
    const { environment } = this.#parts;
    return 'text' in access
      ? KubeClient.fromKubeconfigText(access.text)
      : KubeClient.fromKubeconfig(access.path, { environment });
  }

  #begin(kube: KubeClient): void {
    const { settings, store, certificates, domainKeys, pullSecrets } = this.#parts;
    const { id, gatewayClass } = this.#place;
    this.#run = new ClusterRun({
      kube,
      gatewayClass,
      logger: this.#logger,
      platform: (offers) => platformOf(settings, { gatewayClass, offers, certificates }),
      reconcile: (platform) =>
        startReconciler({
          store: store.reconcilerOf(id),
          kube,
          platform,
          pullSecrets,
          domainKeys,
          images: {
            erase: (pod, signal) =>
              eraseImages(
                { upstream: settings.registryUpstream, storage: settings.registryStorage },
                pod,
                signal,
              ),
          },
          logger: this.#logger,
          clock: { now: () => new Date() },
          deployTimeoutMs: settings.deployTimeoutMs,
          resyncIntervalMs: settings.resyncIntervalMs,
        }),
    });
  }

  async #endRun(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    try {
      await run?.stop();
    } catch (error) {
      // Whatever it was doing is done anew by the next one.
      this.#logger.error({ err: error }, 'the work on a cluster did not end as it should');
    }
  }
}

function platformOf(
  settings: Settings,
  facts: { gatewayClass: string; offers: ClusterOffers; certificates: Certificates },
): Platform {
  return {
    domain: settings.domain,
    registryHost: settings.registryHost,
    gateway: {
      namespace: 'brainpod-system',
      name: 'brainpod',
      httpsListener: 'https',
      httpListener: 'http',
    },
    gatewayClass: facts.gatewayClass,
    sizes: INSTANCE_SIZES,
    ...facts.offers,
    certificate: facts.certificates.wildcard(),
    drainSeconds: DRAIN_SECONDS,
    ports: { http: settings.httpPort, https: settings.httpsPort },
  };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
