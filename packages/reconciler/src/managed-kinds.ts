import { MANAGED_BY_LABEL } from '@brainpod/compiler/labels';
import type { KindRef } from '@brainpod/kube/kube-object';

export const MANAGED_BY_SELECTOR = `${MANAGED_BY_LABEL}=brainpod`;

export const DEPLOYMENT: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' };
export const REPLICA_SET: KindRef = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
export const K8S_POD: KindRef = { apiVersion: 'v1', kind: 'Pod' };
export const NAMESPACE: KindRef = { apiVersion: 'v1', kind: 'Namespace' };
export const GATEWAY: KindRef = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' };
export const LISTENER_SET: KindRef = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ListenerSet' };
export const HTTP_ROUTE: KindRef = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' };

const ENVOY_GATEWAY = 'gateway.envoyproxy.io/v1alpha1';

/**
 * Every kind of object that we write, in the order in which what is no longer wanted is deleted: first nothing
 * leads to an app any more, then it ends, then what it used goes.
 */
export const WRITTEN_KINDS: readonly KindRef[] = [
  { apiVersion: ENVOY_GATEWAY, kind: 'BackendTrafficPolicy' },
  { apiVersion: ENVOY_GATEWAY, kind: 'ClientTrafficPolicy' },
  HTTP_ROUTE,
  // After what answers by it.
  { apiVersion: ENVOY_GATEWAY, kind: 'HTTPRouteFilter' },
  // After what it guards.
  { apiVersion: ENVOY_GATEWAY, kind: 'SecurityPolicy' },
  LISTENER_SET,
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  DEPLOYMENT,
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'v1', kind: 'ResourceQuota' },
  { apiVersion: 'v1', kind: 'LimitRange' },
  GATEWAY,
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' },
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy' },
  NAMESPACE,
];

/** What Kubernetes makes of them, and we only look at. */
export const WATCHED_KINDS: readonly KindRef[] = [...WRITTEN_KINDS, REPLICA_SET, K8S_POD];

/** Kinds whose contents we never read back: secrets do not enter this process, and large files need no memory. */
export function isOpaque(kind: KindRef): boolean {
  return kind.apiVersion === 'v1' && (kind.kind === 'Secret' || kind.kind === 'ConfigMap');
}
