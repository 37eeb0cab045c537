import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterPort } from '@brainpod/api/cluster-port';
import type { Platform } from '@brainpod/compiler/platform-facts';
import { KubeClient } from '@brainpod/kube/client';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { type Reconciler, startReconciler } from '@brainpod/reconciler/reconciler';
import { eraseImages } from '@brainpod/registry/erase-images';
import { pullToken } from '@brainpod/registry/pull-token';
import type { Store } from '@brainpod/store/store';
import type { Logger } from 'pino';
import type { Certificates } from './certificates.ts';
import { clusterPort } from './cluster-port.ts';
import type { Settings } from './settings.ts';

const LOOK_INTERVAL_MS = 500;
/** Longer than the edge needs to hear that an instance is ending. */
const DRAIN_SECONDS = 4;
const GATEWAY_CLASS = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' };
const ENVOY_GATEWAY_CONTROLLER = 'gateway.envoyproxy.io/gatewayclass-controller';
const ENVOY_GATEWAY_POLICY = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'BackendTrafficPolicy' };

export type ClusterWorker = {
  /** What the API asks of the cluster; null while that has not answered yet. */
  port(): ClusterPort | null;
  stop(): Promise<void>;
};

export type ClusterParts = {
  settings: Settings;
  store: Store;
  certificates: Certificates;
  masterKey: Buffer;
  logger: Logger;
  /** What programs get that a kubeconfig names for credentials. */
  environment: NodeJS.ProcessEnv;
};

/** Which cluster, and how it is reached: by a file that may appear and change, or by a kubeconfig that was registered. */
export type ClusterPlace = { id: string; gatewayClass: string; access: { path: string } | { text: string } };

/**
 * Keeps the pods of one cluster as the store says. Waits for the cluster to answer; what is to be deployed meanwhile
 * fails in its time. Starts anew with a new client when the file of the kubeconfig changes, as it does when the engine
 * renews its certificates. Begins when `after` is over.
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
    async stop() {
      stopped.abort();
      await following;
    },
  };
}

class Worker {
  readonly #parts: ClusterParts;
  readonly #place: ClusterPlace;
  readonly #logger: Logger;
  #reconciler: Reconciler | null = null;
  #kube: KubeClient | null = null;
  #port: ClusterPort | null = null;
  #kubeconfig = '';
  #lastTrouble = '';

  constructor(parts: ClusterParts, place: ClusterPlace) {
    this.#parts = parts;
    this.#place = place;
    this.#logger = parts.logger.child({ part: 'reconciler', cluster: place.id });
  }

  get port(): ClusterPort | null {
    return this.#port;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#stop();
  }

  async #look(): Promise<void> {
    try {
      if (this.#reconciler === null) this.#start(this.#waitingClient(), () => null);
      const { access } = this.#place;
      const text = 'text' in access ? access.text : await readIfThere(access.path);
      if (text === null || text === this.#kubeconfig) return;
      const kube = await this.#client();
      const envoyGateway = await this.#askForGateway(kube);
      if (envoyGateway === null) return;
      this.#logger.info({ envoyGateway }, 'the cluster answers; working on it');
      await this.#stop();
      const platform = () => this.#platform(envoyGateway);
      this.#start(kube, platform);
      this.#port = clusterPort(kube, platform);
      this.#kubeconfig = text;
    } catch (error) {
      // The cluster is still starting, or the file half written: said once, tried again for ever.
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#lastTrouble) this.#logger.warn({ trouble }, 'the cluster does not answer yet');
      this.#lastTrouble = trouble;
    }
  }

  /** As `offersEnvoyGateway`; the client is closed where it is of no use. */
  async #askForGateway(kube: KubeClient): Promise<boolean | null> {
    let answer: boolean | null = null;
    try {
      answer = await offersEnvoyGateway(kube, this.#place.gatewayClass);
    } finally {
      if (answer === null) kube.close();
    }
    return answer;
  }

  /** For the time in which nothing is known of the cluster but that it is not there. */
  #waitingClient(): KubeClient {
    const { access } = this.#place;
    return KubeClient.fromLaterKubeconfig('path' in access ? access.path : '');
  }

  #client(): Promise<KubeClient> {
    const { access } = this.#place;
    const { environment } = this.#parts;
    return 'text' in access
      ? KubeClient.fromKubeconfigText(access.text)
      : KubeClient.fromKubeconfig(access.path, { environment });
  }

  async #stop(): Promise<void> {
    await this.#reconciler?.stop();
    this.#kube?.close();
    this.#reconciler = null;
    this.#kube = null;
  }

  #start(kube: KubeClient, platform: () => Platform | null): void {
    const { settings, store, masterKey } = this.#parts;
    this.#kube = kube;
    this.#reconciler = startReconciler({
      store: store.reconcilerOf(this.#place.id),
      kube,
      platform,
      pullSecrets: { dockerConfigJson: (pod) => pullSecret(settings.registryHost, masterKey, pod) },
      images: { erase: (pod, signal) => eraseImages(settings.registryUpstream, pod, signal) },
      logger: this.#logger,
      clock: { now: () => new Date() },
      deployTimeoutMs: settings.deployTimeoutMs,
      resyncIntervalMs: settings.resyncIntervalMs,
    });
  }

  #platform(envoyGateway: boolean): Platform {
    const { settings, certificates } = this.#parts;
    return {
      domain: settings.domain,
      registryHost: settings.registryHost,
      gateway: {
        namespace: 'brainpod-system',
        name: 'brainpod',
        httpsListener: 'https',
        httpListener: 'http',
      },
      gatewayClass: this.#place.gatewayClass,
      sizes: INSTANCE_SIZES,
      envoyGateway,
      certificate: certificates.wildcard(),
      drainSeconds: DRAIN_SECONDS,
      ports: { http: settings.httpPort, https: settings.httpsPort },
    };
  }
}

/**
 * Whether routes of this class are served by Envoy Gateway, whose policies we then use; null while the class, or the
 * kind of the policies, is not there yet. To guess would be to remove policies that are needed.
 */
async function offersEnvoyGateway(kube: KubeClient, gatewayClass: string): Promise<boolean | null> {
  if (!(await kube.hasResource(GATEWAY_CLASS.apiVersion, GATEWAY_CLASS.kind))) return null;
  const found = await kube.get({ ...GATEWAY_CLASS, metadata: { name: gatewayClass } });
  if (found === null) return null;
  const { spec } = found;
  const isEnvoyGateway =
    typeof spec === 'object' &&
    spec !== null &&
    'controllerName' in spec &&
    spec.controllerName === ENVOY_GATEWAY_CONTROLLER;
  if (!isEnvoyGateway) return false;
  return (await kube.hasResource(ENVOY_GATEWAY_POLICY.apiVersion, ENVOY_GATEWAY_POLICY.kind)) ? true : null;
}

function pullSecret(registryHost: string, masterKey: Buffer, pod: string): string {
  const auth = Buffer.from(`pull:${pullToken(masterKey, pod)}`).toString('base64');
  return JSON.stringify({ auths: { [registryHost]: { auth } } });
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
