import type { PodLimits } from '@brainpod/model/capacity';
import type { InstanceSizes } from '@brainpod/model/instance-size';
import type * as k8s from '@kubernetes/client-node';

/** What a pod may ask for in all; its namespace's hard bound is twice that, see namespace.ts. */
export type PodQuota = { cpuMillis: number; memoryMiB: number; instances: number };

/** Who a pod's network lets in and out, beyond its own members. */
export type PlatformNetwork = {
  /** Where requests from the edge come from, and where a request to a platform host name goes. */
  edgePeers: k8s.V1NetworkPolicyPeer[];
  /** Who answers names, at port 53. */
  dnsPeers: k8s.V1NetworkPolicyPeer[];
  /** Ranges that aren't private by number but must not be reached either: nodes with public addresses, for example. */
  blockedCidrs: string[];
};

/** The facts of a cluster that compiled objects depend on. The optional ones have defaults. */
export type Platform = {
  /** Platform host names are one label under it. */
  domain: string;
  /** The registry's host as it stands in image names. */
  registryHost: string;
  gateway: { namespace: string; name: string; httpsListener: string; httpListener: string };
  gatewayClass: string;
  sizes: InstanceSizes;
  /** Whether Envoy Gateway's policy kinds exist in the cluster. */
  envoyGateway: boolean;
  /** Whether the Gateway takes listeners from beside itself; without that no own domain is served. */
  listenerSets?: boolean;
  /** For `*.<domain>`. */
  certificate: { certPem: string; keyPem: string };
  /** How long an instance that is to end goes on serving, so that the edge has heard of it. */
  drainSeconds: number;
  /** The Gateway's ports; 80 and 443 where absent. */
  ports?: { http: number; https: number };
  network?: PlatformNetwork;
  quota?: PodQuota;
};

/** The pod whose documents are compiled. */
export type PodContext = {
  name: string;
  /** Lets its instances pull its images. */
  pullSecret: { dockerConfigJson: string };
  /** Of a stopped pod no instance runs; everything else stays as it is. */
  isStopped: boolean;
  /** When an App was last to be restarted, by its name: an ISO instant. A later one restarts it again. */
  restarts: Readonly<Record<string, string>>;
  /** What the operator lets it ask for; null where nothing is set. */
  limits: PodLimits | null;
  /** The own domains that it holds and has a certificate for. */
  domains: readonly ServedDomain[];
  /** What a certificate authority is going to ask its own domains for. */
  challenges: readonly Challenge[];
  /** What tags led to when the revision was sent on its way: digests by the names that documents give images. */
  imageDigests: Readonly<Record<string, string>>;
};

/** An own domain with its certificate, both PEM. */
export type ServedDomain = { domain: string; chainPem: string; keyPem: string };

/** A certificate authority that asks the domain for the token is to get the answer. */
export type Challenge = { domain: string; token: string; answer: string };

/** The rest of the context of a pod that nobody has stopped, restarted, limited or given a domain. */
export const UNTOUCHED: Omit<PodContext, 'name' | 'pullSecret'> = {
  isStopped: false,
  restarts: {},
  limits: null,
  domains: [],
  challenges: [],
  imageDigests: {},
};

export const DEFAULT_PORTS = { http: 80, https: 443 };
export const DEFAULT_QUOTA: PodQuota = { cpuMillis: 128_000, memoryMiB: 131_072, instances: 100 };
