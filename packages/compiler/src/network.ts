import type * as k8s from '@kubernetes/client-node';
import type { BuilderPlatform } from './builder-platform.ts';
import type { KubeObject } from './kube-object.ts';
import { BUILDS_OF_LABEL, MANAGED_BY_LABEL, podLabels } from './labels.ts';
import { buildNamespaceName, namespaceName } from './names.ts';
import { DEFAULT_PORTS, type Platform, type PlatformNetwork } from './platform-facts.ts';

/**
 * Addresses that are not the internet: private, shared, loopback, link-local (cloud metadata is there),
 * documentation, benchmark, multicast and reserved ranges. Nodes, pods and services of a cluster
 * lie in the private ones; where they don't, `blockedCidrs` names them.
 */
const NOT_INTERNET_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/**
 * The internet gives these to nobody. Sites whose names lead to a cache or a proxy of their own have them stand for what
 * lies on the internet, so builds may go there; apps have no reason to.
 */
const DOCUMENTATION_V4 = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'];

/** As above; among them the ranges that carry an IPv4 address inside (NAT64, 6to4). */
const NOT_INTERNET_V6 = [
  '::/127',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/**
 * Where the edge and the names are in the embedded engine (on the node's bridge) and, by label, in
 * other clusters: `brainpod.io/edge: "true"` on the namespace of the Gateway's proxies.
 */
const DEFAULT_NETWORK: PlatformNetwork = {
  edgePeers: [
    { namespaceSelector: { matchLabels: { 'brainpod.io/edge': 'true' } } },
    { ipBlock: { cidr: '10.244.255.1/32' } },
  ],
  dnsPeers: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
    { ipBlock: { cidr: '10.244.255.53/32' } },
    { ipBlock: { cidr: '10.96.0.10/32' } },
  ],
  blockedCidrs: [],
};

const DNS_PORTS: k8s.V1NetworkPolicyPort[] = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

/** Nothing in or out of a pod's namespace but what the two policies after the first allow. */
export function networkPolicies(podName: string, platform: Platform): KubeObject[] {
  const { edgePeers, dnsPeers, blockedCidrs } = platform.network ?? DEFAULT_NETWORK;
  const samePod: k8s.V1NetworkPolicyPeer = { podSelector: {} };
  return [
    networkPolicy(podName, 'brainpod-default-deny', { policyTypes: ['Ingress', 'Egress'] }),
    networkPolicy(podName, 'brainpod-ingress', {
      policyTypes: ['Ingress'],
      ingress: [{ from: [samePod, ...edgePeers] }],
    }),
    networkPolicy(podName, 'brainpod-egress', {
      policyTypes: ['Egress'],
      egress: [
        { to: [samePod] },
        { to: dnsPeers, ports: DNS_PORTS },
        { to: edgePeers, ports: edgePorts(platform) },
        { to: internet(blockedCidrs) },
      ],
    }),
  ];
}

/** A builder reaches names, the internet, our registry and what the operator allows it; nobody reaches it. */
export function builderNetwork(
  podName: string,
  { network, registry, allowedCidrs }: Pick<BuilderPlatform, 'network' | 'registry' | 'allowedCidrs'>,
): KubeObject[] {
  const { dnsPeers, blockedCidrs } = network ?? DEFAULT_NETWORK;
  const { address, port } = registry;
  const ours =
    address === null
      ? []
      : [{ to: [{ ipBlock: { cidr: `${address}/32` } }], ports: [{ protocol: 'TCP', port }] }];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: {
        name: 'builder',
        namespace: buildNamespaceName(podName),
        labels: { [MANAGED_BY_LABEL]: 'brainpod', [BUILDS_OF_LABEL]: podName },
      },
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        egress: [
          { to: dnsPeers, ports: DNS_PORTS },
          ...ours,
          ...(allowedCidrs.length === 0 ? [] : [{ to: allowedCidrs.map((cidr) => ({ ipBlock: { cidr } })) }]),
          { to: internet(blockedCidrs, DOCUMENTATION_V4) },
        ],
      },
    },
  ];
}

// The client library renames `from` to `_from`; what is applied has the API's own name.
type PolicySpec = Omit<k8s.V1NetworkPolicySpec, 'ingress' | 'podSelector'> & {
  ingress?: { from: k8s.V1NetworkPolicyPeer[] }[];
};

function networkPolicy(podName: string, name: string, spec: PolicySpec): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: namespaceName(podName), labels: podLabels(podName) },
    spec: { podSelector: {}, ...spec },
  };
}

function edgePorts(platform: Platform): k8s.V1NetworkPolicyPort[] {
  const { http, https } = platform.ports ?? DEFAULT_PORTS;
  return [
    { protocol: 'TCP', port: http },
    { protocol: 'TCP', port: https },
  ];
}

/** `open`: ranges that are not the internet, and all the same not kept out. */
function internet(blockedCidrs: readonly string[], open: readonly string[] = []): k8s.V1NetworkPolicyPeer[] {
  const notInternet = NOT_INTERNET_V4.filter((cidr) => !open.includes(cidr));
  const blockedV4 = blockedCidrs.filter((cidr) => !cidr.includes(':'));
  const blockedV6 = blockedCidrs.filter((cidr) => cidr.includes(':'));
  return [
    { ipBlock: { cidr: '0.0.0.0/0', except: [...notInternet, ...blockedV4] } },
    { ipBlock: { cidr: '::/0', except: [...NOT_INTERNET_V6, ...blockedV6] } },
  ];
}
