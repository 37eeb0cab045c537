import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterPort } from '@brainpod/api/cluster-port';
import type { Platform } from '@brainpod/compiler/platform-facts';
import type { KubeClient } from '@brainpod/kube/client';
import { isRecord } from '@brainpod/kube/kube-object';
import type { Reconciler } from '@brainpod/reconciler/reconciler';
import type { Logger } from 'pino';
import { clusterPort } from './cluster-port.ts';

const ASK_INTERVAL_MS = 500;
/** How long calls that are under way may take to end by themselves. */
const END_GRACE_MS = 2_000;
const GATEWAY_CLASS = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' };
const LISTENER_SET = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ListenerSet' };
const ENVOY_GATEWAY_CONTROLLER = 'gateway.envoyproxy.io/gatewayclass-controller';
const ENVOY_GATEWAY_POLICY = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'BackendTrafficPolicy' };

/** What a cluster's edge can do beyond the core of the Gateway API. */
export type ClusterOffers = Required<Pick<Platform, 'envoyGateway' | 'listenerSets'>>;

type RunParts = {
  /** Closed when the run ends. */
  kube: KubeClient;
  gatewayClass: string;
  platform: (offers: ClusterOffers) => Platform;
  /** Starts the reconciler; the facts are null until the cluster has told them. */
  reconcile: (platform: () => Platform | null) => Reconciler;
  logger: Logger;
};

/** A reconciler with its client, which runs while the facts of the cluster are still being asked for. */
export class ClusterRun {
  readonly #parts: RunParts;
  #reconciler: Reconciler;
  readonly #stopping = new AbortController();
  readonly #asking: Promise<void>;
  #offers: ClusterOffers | null = null;
  #port: ClusterPort | null = null;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#reconciler = parts.reconcile(() => this.#platform());
    this.#asking = this.#ask(this.#stopping.signal);
  }

  /** Null while the facts are not known. */
  get port(): ClusterPort | null {
    return this.#port;
  }

  /** Null while the facts are not known. */
  get kube(): KubeClient | null {
    return this.#offers === null ? null : this.#parts.kube;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const ended = this.#reconciler.stop();
    await Promise.race([ended, delay(END_GRACE_MS, undefined, { ref: false })]);
    // Ends what a silent cluster leaves open.
    this.#parts.kube.close();
    await Promise.all([ended, this.#asking]);
  }

  #platform(): Platform | null {
    return this.#offers === null ? null : this.#parts.platform(this.#offers);
  }

  /** Watches that found nobody wait longer each time; new ones look at once. */
  async #beginAnew(signal: AbortSignal): Promise<void> {
    await this.#reconciler.stop();
    if (!signal.aborted) this.#reconciler = this.#parts.reconcile(() => this.#platform());
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { kube, gatewayClass, platform, logger } = this.#parts;
    let lastTrouble = '';
    while (!signal.aborted) {
      let trouble = `there is no GatewayClass ${gatewayClass}, or its kinds are not complete`;
      try {
        const offers = await offersOf(kube, gatewayClass);
        if (offers !== null) {
          this.#offers = offers;
          this.#port = clusterPort(kube, () => platform(offers));
          logger.info(offers, 'the cluster answers; working on it');
          if (lastTrouble === '') this.#reconciler.resync();
          else await this.#beginAnew(signal);
          return;
        }
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
      }
      // It is still starting, or away: said once, asked again for ever.
      if (trouble !== lastTrouble && !signal.aborted)
        logger.warn({ trouble }, 'the cluster does not answer yet');
      lastTrouble = trouble;
      await delay(ASK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Whether routes of this class are served by Envoy Gateway, whose policies we then use, and whether listeners can be
 * added beside the Gateway, which own domains need; null while the class, or the
 * kind of the policies, is not there yet. To guess would be to remove policies that are needed.
 */
async function offersOf(kube: KubeClient, gatewayClass: string): Promise<ClusterOffers | null> {
  if (!(await kube.hasResource(GATEWAY_CLASS.apiVersion, GATEWAY_CLASS.kind))) return null;
  const found = await kube.get({ ...GATEWAY_CLASS, metadata: { name: gatewayClass } });
  if (found === null) return null;
  const hasListenerSets = await kube.hasResource(LISTENER_SET.apiVersion, LISTENER_SET.kind);
  const { spec, status } = found;
  const isEnvoyGateway = isRecord(spec) && spec.controllerName === ENVOY_GATEWAY_CONTROLLER;
  // The kind alone says nothing: a Route that waits for listeners which nobody serves would never be ready.
  if (!isEnvoyGateway) {
    return { envoyGateway: false, listenerSets: hasListenerSets && saysListenerSets(status) };
  }
  const hasPolicies = await kube.hasResource(ENVOY_GATEWAY_POLICY.apiVersion, ENVOY_GATEWAY_POLICY.kind);
  return hasPolicies ? { envoyGateway: true, listenerSets: hasListenerSets } : null;
}

function saysListenerSets(status: unknown): boolean {
  const features =
    isRecord(status) && Array.isArray(status.supportedFeatures) ? status.supportedFeatures : [];
  return features.some((feature) => isRecord(feature) && feature.name === 'ListenerSet');
}
