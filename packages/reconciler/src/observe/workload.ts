import { createHash } from 'node:crypto';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';
import { canonicalJson } from '@brainpod/model/canonical-json';
import { at, conditionsOf, listAt, numberAt, textAt } from './fields.ts';

/** What health needs to know of a Deployment. */
export type ObservedDeployment = {
  type: 'deployment';
  uid: string;
  generation: number;
  observedGeneration: number;
  /** A hash of what its instances are made from; the ReplicaSet of the current version has the same. */
  template: string;
  desired: number;
  /** Why k8s pods cannot be made, in Kubernetes' words. */
  creationFailure: string | null;
};

export type ObservedReplicaSet = {
  type: 'replicaSet';
  uid: string;
  deploymentUid: string;
  template: string;
  available: number;
  creationFailure: string | null;
};

export type ContainerEnd = { reason: string; exitCode: number; message: string };

export type ContainerState =
  | { is: 'waiting'; reason: string; message: string }
  | { is: 'running' }
  | ({ is: 'terminated' } & ContainerEnd);

export type ObservedContainer = {
  name: string;
  init: boolean;
  image: string;
  restarts: number;
  state: ContainerState;
  /** How its run before this one ended. */
  lastEnd: ContainerEnd | null;
};

export type ObservedK8sPod = {
  type: 'k8sPod';
  name: string;
  namespace: string;
  replicaSetUid: string;
  /** When it was told to end, in ms, cut to the second as Kubernetes keeps it; null while it is to stay. */
  endingSinceMs: number | null;
  scheduled: boolean;
  /** Why no node takes it, in Kubernetes' words. */
  unschedulable: string | null;
  ready: boolean;
  /** It ended, and is replaced rather than restarted (evicted, its node shut down, …). */
  ended: boolean;
  endReason: string;
  containers: ObservedContainer[];
};

// What Kubernetes adds to the template in a ReplicaSet.
const TEMPLATE_HASH_LABEL = 'pod-template-hash';

export function observeDeployment(object: KubeObject): ObservedDeployment {
  const { uid, generation } = object.metadata;
  return {
    type: 'deployment',
    uid: uid ?? '',
    generation: generation ?? 0,
    observedGeneration: numberAt(object, 'status', 'observedGeneration'),
    template: templateHash(object),
    desired: numberAt(object, 'spec', 'replicas'),
    creationFailure: creationFailureOf(object),
  };
}

export function observeReplicaSet(object: KubeObject): ObservedReplicaSet {
  return {
    type: 'replicaSet',
    uid: object.metadata.uid ?? '',
    deploymentUid: ownerUid(object),
    template: templateHash(object),
    available: numberAt(object, 'status', 'availableReplicas'),
    creationFailure: creationFailureOf(object),
  };
}

export function observeK8sPod(object: KubeObject): ObservedK8sPod {
  const conditions = conditionsOf(object.status);
  const scheduled = conditions.find((condition) => condition.type === 'PodScheduled');
  const phase = textAt(object, 'status', 'phase') ?? '';
  return {
    type: 'k8sPod',
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    replicaSetUid: ownerUid(object),
    endingSinceMs: endingSinceMs(object),
    scheduled: textAt(object, 'spec', 'nodeName') !== undefined,
    unschedulable: scheduled?.status === 'False' ? scheduled.message : null,
    ready: conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    ended: phase === 'Failed' || phase === 'Succeeded',
    endReason: textAt(object, 'status', 'reason') ?? '',
    containers: [
      ...listAt(object, 'status', 'initContainerStatuses').map((status) => observeContainer(status, true)),
      ...listAt(object, 'status', 'containerStatuses').map((status) => observeContainer(status, false)),
    ],
  };
}

/** Kubernetes notes when an ending has to be over, and how long it may take. */
function endingSinceMs({ metadata }: KubeObject): number | null {
  if (metadata.deletionTimestamp === undefined) return null;
  return Date.parse(metadata.deletionTimestamp) - 1000 * (metadata.deletionGracePeriodSeconds ?? 0);
}

function observeContainer(status: unknown, init: boolean): ObservedContainer {
  return {
    name: textAt(status, 'name') ?? '',
    init,
    image: textAt(status, 'image') ?? '',
    restarts: numberAt(status, 'restartCount'),
    state: observeState(status),
    lastEnd: observeEnd(status, 'lastState', 'terminated'),
  };
}

function observeState(status: unknown): ContainerState {
  const end = observeEnd(status, 'state', 'terminated');
  if (end !== null) return { is: 'terminated', ...end };
  if (textAt(status, 'state', 'running', 'startedAt') !== undefined) return { is: 'running' };
  return {
    is: 'waiting',
    reason: textAt(status, 'state', 'waiting', 'reason') ?? '',
    message: textAt(status, 'state', 'waiting', 'message') ?? '',
  };
}

function observeEnd(status: unknown, ...path: string[]): ContainerEnd | null {
  const reason = textAt(status, ...path, 'reason');
  const exitCode = numberAt(status, ...path, 'exitCode');
  if (reason === undefined && exitCode === 0) return null;
  return { reason: reason ?? 'Error', exitCode, message: textAt(status, ...path, 'message') ?? '' };
}

/**
 * Kubernetes finds a version's ReplicaSet by comparing templates, and so do we: the number that it notes beside them
 * comes later than the change, and for a moment the ReplicaSet of before would pass for that of now.
 */
function templateHash(object: KubeObject): string {
  const template = at(object, 'spec', 'template');
  const labels = at(template, 'metadata', 'labels');
  if (!isRecord(template) || !isRecord(template.metadata) || !isRecord(labels)) return '';
  const { [TEMPLATE_HASH_LABEL]: _hash, ...own } = labels;
  const compared = { ...template, metadata: { ...template.metadata, labels: own } };
  return createHash('sha256').update(canonicalJson(compared)).digest('base64url');
}

function creationFailureOf(object: KubeObject): string | null {
  const failure = conditionsOf(object.status).find((condition) => condition.type === 'ReplicaFailure');
  return failure?.status === 'True' ? failure.message : null;
}

function ownerUid(object: KubeObject): string {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid ?? '';
}
