import type { KubeObject } from '@brainpod/kube/kube-object';
import { conditionsOf, listAt, numberAt, textAt } from './fields.ts';

/** What health needs to know of a Deployment. */
export type ObservedDeployment = {
  type: 'deployment';
  uid: string;
  generation: number;
  observedGeneration: number;
  /** Kubernetes' number of the template; the ReplicaSet of the current template has the same. */
  revision: string;
  desired: number;
  /** Why k8s pods cannot be made, in Kubernetes' words. */
  creationFailure: string | null;
};

export type ObservedReplicaSet = {
  type: 'replicaSet';
  uid: string;
  deploymentUid: string;
  revision: string;
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
  deleting: boolean;
  scheduled: boolean;
  /** Why no node takes it, in Kubernetes' words. */
  unschedulable: string | null;
  ready: boolean;
  /** It ended, and is replaced rather than restarted (evicted, its node shut down, …). */
  ended: boolean;
  endReason: string;
  containers: ObservedContainer[];
};

const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

export function observeDeployment(object: KubeObject): ObservedDeployment {
  const { uid, generation, annotations } = object.metadata;
  return {
    type: 'deployment',
    uid: uid ?? '',
    generation: generation ?? 0,
    observedGeneration: numberAt(object, 'status', 'observedGeneration'),
    revision: annotations?.[REVISION_ANNOTATION] ?? '',
    desired: numberAt(object, 'spec', 'replicas'),
    creationFailure: creationFailureOf(object),
  };
}

export function observeReplicaSet(object: KubeObject): ObservedReplicaSet {
  const { uid, annotations } = object.metadata;
  return {
    type: 'replicaSet',
    uid: uid ?? '',
    deploymentUid: ownerUid(object),
    revision: annotations?.[REVISION_ANNOTATION] ?? '',
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
    deleting: object.metadata.deletionTimestamp !== undefined,
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

function creationFailureOf(object: KubeObject): string | null {
  const failure = conditionsOf(object.status).find((condition) => condition.type === 'ReplicaFailure');
  return failure?.status === 'True' ? failure.message : null;
}

function ownerUid(object: KubeObject): string {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid ?? '';
}
