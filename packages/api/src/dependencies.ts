import type { Blueprint } from '@brainpod/blueprint/blueprint';
import type { PodRecord } from '@brainpod/store/pods';
import type { RateLimit } from '@brainpod/store/rate-budgets';
import type { Store } from '@brainpod/store/store';
import type { FastifyBaseLogger } from 'fastify';
import type { BuildSecretSealer } from './build-secrets.ts';
import type { ClusterPort } from './cluster-port.ts';
import type { ClusterRegistrar } from './cluster-registrar.ts';
import type { DomainCertificates } from './domain-certificates.ts';
import type { ImageKeeperPort } from './image-keeper-port.ts';
import type { ImagePort } from './image-port.ts';
import type { AddressRates, KeyRates } from './rate-limit.ts';
import type { RegistryPasswords } from './registry-credentials.ts';
import type { SourcePort } from './source-port.ts';

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
  /** Takes owners' certificates in; without it none can be set. */
  domainCertificates?: DomainCertificates;
  /** Seals passwords of other registries; without it none can be set. */
  registryPasswords?: RegistryPasswords;
  /** Seals what builds may use and nobody may read; without it builds get no secrets. */
  buildSecrets?: BuildSecretSealer;
  /** The image registry. */
  images: ImagePort;
  imageKeeper: ImageKeeperPort;
  /** What people sent to be built; without it nothing can be. */
  sources?: SourcePort;
  logger: FastifyBaseLogger;
  /** How long a request may take until its answer; default 30 s. */
  requestTimeoutMs?: number;
  /** How many requests an API key may make, on all servers of the database together; without it, any number. */
  rateLimit?: RateLimit | null;
  /** How many requests without a valid key an address may make, on this server; without it, any number. */
  guessLimit?: RateLimit | null;
  /** Proxies whose X-Forwarded-For is believed: addresses, networks, or `loopback`. Without it, nobody's is. */
  trustedProxies?: readonly string[];
  /** The origins of the web pages that may call the API, such as the console's. */
  allowedOrigins?: readonly string[];
};

/** What handlers get: the options, and word that the server is about to close, so that nobody waits on. */
export type ApiDependencies = Omit<ApiOptions, 'requestTimeoutMs'> & {
  closing: AbortSignal;
  requestTimeoutMs: number;
  keyRates: KeyRates | null;
  addressRates: AddressRates | null;
};
