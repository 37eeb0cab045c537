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
import { limitsOf, requestsOf } from './resources.ts';

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
      'count/configmaps': '500',
      'count/secrets': '500',
      'count/services': '200',
      'count/deployments.apps': '200',
      'count/replicasets.apps': '800',
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
          max: { cpu: cpuQuantity(cpuMillis), memory: memoryQuantity(memoryMiB) },
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
