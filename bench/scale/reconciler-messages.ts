/** One look at a pod, from the lock to its end. */
export type Reconcile = {
  podId: string;
  /** Milliseconds since 1970. */
  endedAtMs: number;
  tookMs: number;
};

/** How it is now. Little, because it is asked often. */
type Look = {
  /** The cluster has been read once. */
  isComplete: boolean;
  /** Nothing is being done, and nothing waits. */
  isAtRest: boolean;
  /** Processor time so far. */
  cpuMs: number;
};

/** What it has counted since it was last told to forget. */
export type Counts = {
  reconciles: Reconcile[];
  /** When all pods were listed, to be looked at one by one: milliseconds since 1970. */
  resyncsAtMs: number[];
  /** Calls to the cluster, by method. */
  calls: Record<string, number>;
  missedByWatch: number;
};

/** What it holds, after a collection of garbage. */
export type Weight = { rssMiB: number; heapMiB: number; cachedObjects: number };

export type Question = 'look' | 'count' | 'forget' | 'weigh';
export type Answers = { look: Look; count: Counts; forget: null; weigh: Weight };

/** What it is started with, as its argument in JSON. */
export type Settings = {
  database: { host: string; user: string; database: string };
  kubeconfig: string;
  resyncIntervalMs: number;
};
