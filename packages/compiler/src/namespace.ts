import type { ResourceDocument } from '@brainpod/model/document';
import type * as k8s from '@kubernetes/client-node';
import { base64 } from './base64.ts';
import type { KubeObject } from './kube-object.ts';
import { MANAGED_LABEL, podLabels } from './labels.ts';
import { namespaceName, PULL_SECRET_NAME } from './names.ts';
import { networkPolicies } from './network.ts';
import type { Platform, PodContext } from './platform-facts.ts';
import { cpuQuantity, memoryQuantity } from './quantity.ts';
import { quotaOf } from './quota.ts';
import { EPHEMERAL_STORAGE_LIMIT_MIB, limitsOf, requestsOf } from './resources.ts';

/** The most of each kind that a namespace may hold; 0 where nothing of ours makes any. */
const MOST_OBJECTS: Readonly<Record<string, number>> = {
  configmaps: 500,
  secrets: 500,
  services: 200,
  serviceaccounts: 250,
  persistentvolumeclaims: 200,
  'deployments.apps': 200,
  'replicasets.apps': 800,
  'poddisruptionbudgets.policy': 200,
  'networkpolicies.networking.k8s.io': 50,
  'endpointslices.discovery.k8s.io': 400,
  'statefulsets.apps': 0,
  'daemonsets.apps': 0,
  'jobs.batch': 0,
  'cronjobs.batch': 0,
  replicationcontrollers: 0,
  'ingresses.networking.k8s.io': 0,
  'horizontalpodautoscalers.autoscaling': 0,
};

/** What surrounds a pod's resources: its namespace with bounds, a closed network and the pull secret. */
export function compileNamespace(
  documents: readonly ResourceDocument[],
  pod: PodContext,
  platform: Platform,
): KubeObject[] {
  return [
    namespace(pod),
    resourceQuota(documents, pod, platform),
    limitRange(pod, platform),
    ...networkPolicies(pod.name, platform),
    pullSecret(pod),
  ];
}

function namespace(pod: PodContext): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespaceName(pod.name),
      labels: {
        ...podLabels(pod.name),
        [MANAGED_LABEL]: 'true',
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/enforce-version': 'latest',
      },
    },
  };
}

/**
 * The namespace's hard bound. Documents are held to the quota itself when they are compiled; here it
 * is doubled, because instances that are still ending count too, and a rollout must not wait for them.
 */
function resourceQuota(
  documents: readonly ResourceDocument[],
  pod: PodContext,
  platform: Platform,
): KubeObject {
  const quota = quotaOf(documents, pod, platform);
  const spec: k8s.V1ResourceQuotaSpec = {
    hard: {
      'limits.cpu': cpuQuantity(quota.cpuMillis * 2),
      'limits.memory': memoryQuantity(quota.memoryMiB * 2),
      pods: `${quota.instances * 2}`,
      ...(quota.diskGb === null ? {} : { 'requests.storage': memoryQuantity(quota.diskGb * 1024) }),
      'limits.ephemeral-storage': memoryQuantity(quota.instances * 2 * EPHEMERAL_STORAGE_LIMIT_MIB),
      ...Object.fromEntries(Object.entries(MOST_OBJECTS).map(([kind, most]) => [`count/${kind}`, `${most}`])),
      'services.loadbalancers': '0',
      'services.nodeports': '0',
    },
  };
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: metadata(pod, 'brainpod'), spec };
}

/** Bounds for a container that names none, and the most that one may name. */
function limitRange(pod: PodContext, platform: Platform): KubeObject {
  const smallest = platform.sizes['.25x'];
  const sizes = Object.values(platform.sizes);
  // The operator may have made any size the largest.
  const cpuMillis = Math.max(...sizes.map((size) => size.cpuMillis));
  const memoryMiB = Math.max(...sizes.map((size) => size.memoryMiB));
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: metadata(pod, 'brainpod'),
    spec: {
      limits: [
        {
          type: 'Container',
          defaultRequest: requestsOf(smallest),
          default: limitsOf(smallest),
          max: limitsOf({ cpuMillis, memoryMiB }),
        },
      ],
    },
  };
}

function pullSecret(pod: PodContext): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(pod, PULL_SECRET_NAME),
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(pod.pullSecret.dockerConfigJson) },
  };
}

function metadata(pod: PodContext, name: string): KubeObject['metadata'] {
  return { name, namespace: namespaceName(pod.name), labels: podLabels(pod.name) };
}
