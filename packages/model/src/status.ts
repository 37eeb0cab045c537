export const WORKLOAD_PHASES = ['Queued', 'Starting', 'Degraded', 'Ready'] as const;
export type WorkloadPhase = (typeof WORKLOAD_PHASES)[number];

/** One running instance of an App or a database. `reason` is there only while something is wrong. */
export type ReplicaStatus = { name: string; phase: WorkloadPhase; reason?: string };
/** The status of an App or a database. */
export type WorkloadStatus = { phase: WorkloadPhase; readyReplicas: number; replicas: ReplicaStatus[] };
/** The status of a Route. */
export type ReadyStatus = { ready: boolean };

/** The status of a Disk. `phase` is free text for people. */
export type DiskStatus = { phase: string; bound: boolean; ready: boolean };

/** What is known of a resource in the cluster; null for a Config, and before the first deploy. */
export type ResourceStatus = WorkloadStatus | DiskStatus | ReadyStatus | null;
