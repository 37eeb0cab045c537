import type { INSTANCE_SIZES } from '@brainpod/model/instance-size';
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
  sizes: typeof INSTANCE_SIZES;
  /** Whether Envoy Gateway's policy kinds exist in the cluster. */
  envoyGateway: boolean;
  /** For `*.<domain>`. */
  certificate: { certPem: string; keyPem: string };
  /** How long an instance that is to end goes on serving, so that the edge has heard of it. */
  drainSeconds: number;
  /** The Gateway's ports; 80 and 443 where absent. */
  ports?: { http: number; https: number };
  network?: PlatformNetwork;
  quota?: PodQuota;
};

/** The pod whose documents are compiled. `dockerConfigJson` lets its instances pull its images. */
export type PodContext = { name: string; pullSecret: { dockerConfigJson: string } };

export const DEFAULT_PORTS = { http: 80, https: 443 };
export const DEFAULT_QUOTA: PodQuota = { cpuMillis: 128_000, memoryMiB: 131_072, instances: 100 };
