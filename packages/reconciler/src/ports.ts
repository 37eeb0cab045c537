import type { PodLimits } from '@brainpod/model/capacity';
import type { Kind, ResourceDocument } from '@brainpod/model/document';
import type { InstanceSizes } from '@brainpod/model/instance-size';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { ResourceStatus } from '@brainpod/model/status';

/** One revision with everything it names. */
export type Snapshot = {
  revisionId: string;
  version: number;
  state: RevisionState;
  deployStartedAt: Date | null;
  documents: ResourceDocument[];
  /** What its images were when it was sent on its way, by the names that documents give them. */
  imageDigests: Readonly<Record<string, string>>;
};

/** The last restart of a resource that somebody asked for. */
export type Restart = {
  kind: Kind;
  name: string;
  restartedAt: Date;
  /** Null while it goes on. */
  finishedAt: Date | null;
  /** Which restart the instances are to be of: this one, or after a failed one that before it. */
  effectiveAt: Date | null;
};

/** An own domain; served once it is held and has a certificate. */
export type OwnDomain = {
  domain: string;
  /** Null while nobody has proven that it is the pod's. */
  verifiedAt: Date | null;
  certificate: { chainPem: string; keySealed: Buffer } | null;
  /** With what a certificate authority is going to ask the domain for; null when none is. */
  order: { challenge: { token: string; answer: string } } | null;
};

/** What a pod pulls images of another registry with. */
export type RegistryCredential = {
  /** Its host as it stands in images' names. */
  registry: string;
  username: string;
  passwordSealed: Buffer;
};

/** Of what the password is made with which nodes pull a pod's own images. */
export type PullKey = { id: number; salt: Buffer };

export type PodState = {
  pod: {
    id: string;
    name: string;
    isStopped: boolean;
    /** Of a deleted pod: when nothing of it is kept any longer. Null for one that is not deleted. */
    eraseAfter: Date | null;
    limits: PodLimits | null;
  };
  /** What one instance of each size may use. */
  sizes: InstanceSizes;
  restarts: Restart[];
  /** The own domains that it wants. */
  domains: OwnDomain[];
  registryCredentials: RegistryCredential[];
  /** What its namespace is to hold, and the oldest that it may hold; null when it holds none. */
  pullKey: { newest: PullKey; heldId: number | null };
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
  /** False, here and below: the revision was canceled meanwhile, and nothing was changed. */
  markReady(revisionId: string, checksum: string): Promise<boolean>;
  markDeployed(revisionId: string): Promise<boolean>;
  markFailed(revisionId: string, error: string): Promise<boolean>;
  /** Ends a restart, unless another has begun; `error` where the new instances did not get ready. */
  finishRestart(
    podId: string,
    restart: Pick<Restart, 'kind' | 'name' | 'restartedAt'>,
    error: string | null,
  ): Promise<void>;
  /** Notes that the namespace may hold this key and none that is older; false when it is about to be refused. */
  holdPullKey(podId: string, keyId: number): Promise<boolean>;
  /** Notes that the namespace holds none any more. */
  dropPullKey(podId: string): Promise<void>;
  /** Erases a deleted pod whose time was over at `now`; false when it is not to be erased. */
  erasePod(podId: string, now: Date): Promise<boolean>;
  /** Replaces all rows of the pod. */
  saveStatuses(podId: string, statuses: StatusRow[]): Promise<void>;
}

/** What a pod's apps pull images with. */
export interface PullSecrets {
  dockerConfigJson(
    pod: { id: string; name: string },
    secrets: { pullKey: PullKey; credentials: readonly RegistryCredential[] },
  ): string;
}

/** Opens the keys of own domains' certificates. */
export interface DomainKeys {
  /** PEM. Null when it cannot be opened: it was sealed under another master key. */
  open(podId: string, domain: string, sealed: Buffer): string | null;
}

/** The images that were pushed for a pod. */
export interface PodImages {
  /** Deletes all of them. Safe to repeat, and to break off. */
  erase(podName: string, signal: AbortSignal): Promise<void>;
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
