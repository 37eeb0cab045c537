import { createHash } from 'node:crypto';
import { KIND_LABEL, NAME_LABEL, POD_LABEL } from '@brainpod/compiler/labels';
import { type KubeObject, kindKey, type ObjectRef } from '@brainpod/kube/kube-object';
import { isOpaque, K8S_POD, REPLICA_SET } from '../managed-kinds.ts';
import { type ObservedGateway, type ObservedHttpRoute, observeGateway, observeHttpRoute } from './route.ts';
import {
  type ObservedDeployment,
  type ObservedK8sPod,
  type ObservedReplicaSet,
  observeDeployment,
  observeK8sPod,
  observeReplicaSet,
} from './workload.ts';

export type Observed =
  | ObservedDeployment
  | ObservedReplicaSet
  | ObservedK8sPod
  | ObservedHttpRoute
  | ObservedGateway;

/** What is kept in memory of each object that carries our labels. */
export type LiveObject = {
  ref: ObjectRef;
  uid: string;
  deleting: boolean;
  /** Our pod, null for what belongs to the platform. */
  podName: string | null;
  /** The resource of the pod that it was made for (`kind` in lowercase), null for what belongs to the pod as a whole. */
  resource: { kind: string; name: string } | null;
  /** Differs whenever somebody changed what we write. Empty for what we only look at. */
  fingerprint: string;
  observed: Observed | null;
};

const ONLY_WATCHED = new Set([kindKey(K8S_POD), kindKey(REPLICA_SET)]);

const OBSERVERS: Record<string, (object: KubeObject) => Observed> = {
  'apps/v1/Deployment': observeDeployment,
  'apps/v1/ReplicaSet': observeReplicaSet,
  'v1/Pod': observeK8sPod,
  'gateway.networking.k8s.io/v1/HTTPRoute': observeHttpRoute,
  'gateway.networking.k8s.io/v1/Gateway': observeGateway,
};

export function projectLiveObject(object: KubeObject): LiveObject {
  const { name, namespace, uid, labels, deletionTimestamp } = object.metadata;
  const key = kindKey(object);
  const resourceKind = labels?.[KIND_LABEL];
  const resourceName = labels?.[NAME_LABEL];
  return {
    ref: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    },
    uid: uid ?? '',
    deleting: deletionTimestamp !== undefined,
    podName: labels?.[POD_LABEL] ?? null,
    resource:
      resourceKind === undefined || resourceName === undefined
        ? null
        : { kind: resourceKind, name: resourceName },
    fingerprint: ONLY_WATCHED.has(key) ? '' : fingerprintOf(object),
    observed: OBSERVERS[key]?.(object) ?? null,
  };
}

/**
 * A text that changes whenever what we write of an object is changed, and not when its status is. Of opaque kinds
 * only the metadata is known, so there any change counts.
 */
export function fingerprintOf(object: KubeObject): string {
  const { uid, resourceVersion, labels, annotations, ownerReferences, deletionTimestamp } = object.metadata;
  if (isOpaque(object)) return `${uid}:${resourceVersion}`;
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...rest } = object;
  const kept = [uid, labels, ownAnnotations(annotations), ownerReferences, deletionTimestamp, rest];
  return createHash('sha256').update(JSON.stringify(kept)).digest('base64url');
}

// Controllers note things of their own in annotations, all the time and rightly so.
function ownAnnotations(annotations: Record<string, string> | undefined): [string, string][] {
  return Object.entries(annotations ?? {}).filter(([name]) => name.includes('brainpod.io/'));
}
