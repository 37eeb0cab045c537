import type { ReplicaStatus, WorkloadPhase, WorkloadStatus } from '@brainpod/model/status';
import type {
  ObservedContainer,
  ObservedDeployment,
  ObservedK8sPod,
  ObservedReplicaSet,
} from '../observe/workload.ts';

/** All that the cluster holds of one App. */
export type AppObservation = {
  deployment: ObservedDeployment | null;
  replicaSets: ObservedReplicaSet[];
  k8sPods: ObservedK8sPod[];
};

export type AppHealth = {
  status: WorkloadStatus;
  /** As many instances of the current version as wanted are ready. */
  healthy: boolean;
  /** The instances of the current version, oldest name first. */
  current: ObservedK8sPod[];
};

/** States of a container that do not pass by waiting a moment. */
const TROUBLES = new Set([
  'CrashLoopBackOff',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** Judges an App by what the cluster says about it. */
export function appHealth({ deployment, replicaSets, k8sPods }: AppObservation): AppHealth {
  if (deployment === null) {
    return { status: { phase: 'Queued', readyReplicas: 0, replicas: [] }, healthy: false, current: [] };
  }
  const replicaSet = currentReplicaSet(deployment, replicaSets);
  const current = k8sPods
    .filter(
      (k8sPod) =>
        replicaSet !== null &&
        k8sPod.replicaSetUid === replicaSet.uid &&
        k8sPod.endingSinceMs === null &&
        !k8sPod.ended,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const replicas = current.map(replicaStatus);
  const readyReplicas = replicas.filter((replica) => replica.phase === 'Ready').length;
  const available = replicaSet?.available ?? 0;
  const healthy = isSeen(deployment) && Math.min(available, readyReplicas) >= deployment.desired;
  return {
    status: { phase: appPhase(healthy, replicas, deployment), readyReplicas, replicas },
    healthy,
    current,
  };
}

/** The replica set of the version that was applied last; null while Kubernetes has not made it. */
export function currentReplicaSet(
  deployment: ObservedDeployment,
  replicaSets: readonly ObservedReplicaSet[],
): ObservedReplicaSet | null {
  if (!isSeen(deployment)) return null;
  const own = replicaSets.filter((candidate) => candidate.deploymentUid === deployment.uid);
  return own.find((candidate) => candidate.template === deployment.template) ?? null;
}

/** The instances of versions before that visitors may still be sent to. */
export function outdatedInstances({ deployment, replicaSets, k8sPods }: AppObservation): ObservedK8sPod[] {
  const current = deployment === null ? null : currentReplicaSet(deployment, replicaSets);
  if (current === null) return [];
  return k8sPods.filter(
    ({ replicaSetUid, ended, ready, endingSinceMs }) =>
      replicaSetUid !== current.uid && !ended && (ready || endingSinceMs !== null),
  );
}

function isSeen(deployment: ObservedDeployment): boolean {
  return deployment.observedGeneration >= deployment.generation;
}

function appPhase(
  healthy: boolean,
  replicas: ReplicaStatus[],
  deployment: ObservedDeployment,
): WorkloadPhase {
  if (healthy) return 'Ready';
  const phases = new Set(replicas.map((replica) => replica.phase));
  if (phases.has('Degraded') || deployment.creationFailure !== null) return 'Degraded';
  if (phases.has('Starting') || phases.has('Ready')) return 'Starting';
  return 'Queued';
}

function replicaStatus(k8sPod: ObservedK8sPod): ReplicaStatus {
  const { name } = k8sPod;
  if (k8sPod.ready) return { name, phase: 'Ready' };
  if (k8sPod.unschedulable !== null) return { name, phase: 'Degraded', reason: 'Unschedulable' };
  if (!k8sPod.scheduled) return { name, phase: 'Queued' };
  const reason = k8sPod.containers.map(troubleOf).find((trouble) => trouble !== null);
  if (reason !== undefined && reason !== null) return { name, phase: 'Degraded', reason };
  return { name, phase: 'Starting' };
}

function troubleOf({ init, state, lastEnd }: ObservedContainer): string | null {
  if (state.is === 'waiting') return TROUBLES.has(state.reason) ? state.reason : (lastEnd?.reason ?? null);
  // An init step that ended well is as it should be.
  if (state.is === 'terminated') return init && state.exitCode === 0 ? null : state.reason;
  return lastEnd?.reason === 'OOMKilled' ? lastEnd.reason : null;
}
