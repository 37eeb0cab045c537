import type { Kind, ResourceDocument } from '@brainpod/model/document';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { ResourceStatus } from '@brainpod/model/status';

/** One revision with everything it names. */
export type Snapshot = {
  revisionId: string;
  version: number;
  state: RevisionState;
  deployStartedAt: Date | null;
  documents: ResourceDocument[];
};

export type PodState = {
  pod: { id: string; name: string };
  /** The revision on its way: `pending` or `ready`. */
  target: Snapshot | null;
  /** The revision that went live last. */
  deployed: Snapshot | null;
};

export type StatusRow = { kind: Kind; name: string; status: ResourceStatus; healthy: boolean };

/** What the reconciler reads and writes of the truth. All writes are idempotent. */
export interface ReconcilerStore {
  listPodIds(): Promise<string[]>;
  loadPod(podId: string): Promise<PodState | null>;
  onPodChanged(listener: (podId: string) => void): () => void;
  /**
   * Runs `work` while no other server works on the pod. The signal, where the store gives one, aborts when the
   * lock is lost: nothing is written after that.
   */
  withPodLock<T>(
    podId: string,
    work: (lockLost?: AbortSignal) => Promise<T>,
  ): Promise<{ held: true; value: T } | { held: false }>;
  markReady(revisionId: string, checksum: string): Promise<void>;
  markDeployed(revisionId: string): Promise<void>;
  markFailed(revisionId: string, error: string): Promise<void>;
  /** Replaces all rows of the pod. */
  saveStatuses(podId: string, statuses: StatusRow[]): Promise<void>;
}

/** What a pod's apps pull images with. */
export interface PullSecrets {
  dockerConfigJson(podName: string): string;
}

export interface Clock {
  now(): Date;
}

/** As pino has it: fields first, then the message. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
