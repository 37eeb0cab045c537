import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterPort } from '@brainpod/api/cluster-port';
import type { Platform } from '@brainpod/compiler/platform-facts';
import { KubeClient } from '@brainpod/kube/client';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { type Reconciler, startReconciler } from '@brainpod/reconciler/reconciler';
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

type Parts = {
  settings: Settings;
  store: Store;
  certificates: Certificates;
  masterKey: Buffer;
  logger: Logger;
  /** What programs get that a kubeconfig names for credentials. */
  environment: NodeJS.ProcessEnv;
};

/**
 * Keeps the cluster as the store says. Waits for the kubeconfig to appear, and starts anew with a new client
 * when its contents change, as they do when the engine renews its certificates.
 */
export function workOnCluster(parts: Parts): ClusterWorker {
  const worker = new Worker(parts);
  const stopped = new AbortController();
  const following = worker.follow(stopped.signal);
  return {
    port: () => worker.port,
    async stop() {
      stopped.abort();
      await following;
    },
  };
}

class Worker {
  readonly #parts: Parts;
  #reconciler: Reconciler | null = null;
  #port: ClusterPort | null = null;
  #kubeconfig = '';
  #lastTrouble = '';

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get port(): ClusterPort | null {
    return this.#port;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#reconciler?.stop();
  }

  async #look(): Promise<void> {
    try {
      const text = await readIfThere(this.#parts.settings.kubeconfig);
      if (text === null || text === this.#kubeconfig) return;
      const next = await this.#start();
      if (next === null) return;
      await this.#reconciler?.stop();
      this.#reconciler = next();
      this.#kubeconfig = text;
    } catch (error) {
      // The cluster is still starting, or the file half written: said once, tried again for ever.
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#lastTrouble)
        this.#parts.logger.warn({ trouble }, 'the cluster does not answer yet');
      this.#lastTrouble = trouble;
    }
  }

  /** What starts a reconciler; null while the cluster does not offer what we build on. */
  async #start(): Promise<(() => Reconciler) | null> {
    const { settings, store, masterKey, logger, environment } = this.#parts;
    const kube = await KubeClient.fromKubeconfig(settings.kubeconfig, { environment });
    const envoyGateway = await offersEnvoyGateway(kube, settings.gatewayClass);
    if (envoyGateway === null) {
      kube.close();
      return null;
    }
    logger.info({ envoyGateway }, 'the cluster answers; working on it');
    const platform = () => this.#platform(envoyGateway);
    return () => {
      this.#port = clusterPort(kube, platform);
      return startReconciler({
        store: store.reconciler,
        kube,
        platform,
        pullSecrets: { dockerConfigJson: (pod) => pullSecret(settings.registryHost, masterKey, pod) },
        logger: logger.child({ part: 'reconciler' }),
        clock: { now: () => new Date() },
        deployTimeoutMs: settings.deployTimeoutMs,
        resyncIntervalMs: settings.resyncIntervalMs,
      });
    };
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
      gatewayClass: settings.gatewayClass,
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
