export const WORKLOAD_PHASES = ['Queued', 'Starting', 'Degraded', 'Ready'] as const;
export type WorkloadPhase = (typeof WORKLOAD_PHASES)[number];

/** One running instance of an App. `reason` is there only while something is wrong. */
export type ReplicaStatus = { name: string; phase: WorkloadPhase; reason?: string };
/** The status of an App. */
export type WorkloadStatus = { phase: WorkloadPhase; readyReplicas: number; replicas: ReplicaStatus[] };
/** The status of a Route. */
export type ReadyStatus = { ready: boolean };

/** What is known of a resource in the cluster; null for a Config, and before the first deploy. */
export type ResourceStatus = WorkloadStatus | ReadyStatus | null;
