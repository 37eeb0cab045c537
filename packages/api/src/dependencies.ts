import type { Blueprint } from '@brainpod/blueprint/blueprint';
import type { PodRecord } from '@brainpod/store/pods';
import type { Store } from '@brainpod/store/store';
import type { FastifyBaseLogger } from 'fastify';
import type { ClusterPort } from './cluster-port.ts';
import type { ClusterRegistrar } from './cluster-registrar.ts';

/** What the API needs from outside. */
export type ApiOptions = {
  store: Store;
  /** The platform's domain, under which Routes get their host names: `brainpod.localhost`. */
  domain: string;
  /** The host of our own registry as it stands in image names: `registry.brainpod.localhost`. */
  registryHost: string;
  /** What can be installed, in the order of lists. */
  blueprints: readonly Blueprint[];
  /** The cluster in which a pod runs; null, as without this, while nothing is known of it. */
  clusterOf?: (pod: PodRecord) => ClusterPort | null;
  /** Takes clusters in; without it none can be registered. */
  clusterRegistrar?: ClusterRegistrar;
  logger: FastifyBaseLogger;
  /** How long a request may take until its answer; default 30 s. */
  requestTimeoutMs?: number;
};

/** What handlers get: the options, and word that the server is about to close, so that nobody waits on. */
export type ApiDependencies = Omit<ApiOptions, 'requestTimeoutMs'> & {
  closing: AbortSignal;
  requestTimeoutMs: number;
};
