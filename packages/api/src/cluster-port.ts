import type { CompiledObject, Platform } from '@brainpod/compiler/compile';

/** What a cluster refuses of a revision: `path` is `<Kind>/<name>`, the message is for a person. */
export type ClusterRefusal = { path: string; message: string };

/** A line of an App's output. `at` is an instant as ISO 8601, in UTC. */
export type OutputLine = { instance: string; at: string; text: string };

export type OutputRequest = {
  podName: string;
  app: string;
  /** How many lines that were written before are sent of each instance, at most. */
  tail: number;
  /** Only lines from this instant on, ISO 8601. */
  since?: string;
  /** Whether to go on with what is written from now on. */
  follow: boolean;
};

/**
 * What the API asks of the cluster in which a pod runs. Both calls throw SERVICE_UNAVAILABLE (ApiError) while that
 * cannot be reached.
 */
export interface ClusterPort {
  /** The facts that documents are compiled with. */
  platform(): Platform;
  /** Lets the cluster check a pod's objects as if they were applied. It writes nothing. */
  dryRun(podName: string, objects: readonly CompiledObject[], signal: AbortSignal): Promise<ClusterRefusal[]>;
  /**
   * The output of all instances of an App; new ones join, ended ones leave. Resolves when the cluster has answered; the
   * lines end with `signal` or, when not following, with what there is.
   */
  followOutput(request: OutputRequest, signal: AbortSignal): Promise<AsyncIterable<OutputLine>>;
}
