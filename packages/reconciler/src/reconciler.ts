import type { Platform } from '@brainpod/compiler/compile';
import type { KubeClient } from '@brainpod/kube/client';
import type { ReflectorStats } from '@brainpod/kube/reflector';
import { WorkQueue, type WorkQueueStats, type WorkResult } from '@brainpod/kube/work-queue';
import { type ApplyStats, ObjectApplier } from './apply-objects.ts';
import { LiveObjects } from './live-objects.ts';
import type { PodDeps } from './pod-pass.ts';
import type { Clock, DomainKeys, Logger, PodImages, PullSecrets, ReconcilerStore } from './ports.ts';
import { reconcilePlatform } from './reconcile-platform.ts';
import { reconcilePod } from './reconcile-pod.ts';

export type ReconcilerOptions = {
  store: ReconcilerStore;
  kube: KubeClient;
  /**
   * A function where it changes while the server runs, as when the certificate is renewed. Null while the cluster has
   * not told all that is to be known of it: then deploys wait, and fail in their time. Its sizes are not looked at:
   * those of the store count.
   */
  platform: Platform | (() => Platform | null);
  pullSecrets: PullSecrets;
  /** Without it no own domain is served. */
  domainKeys?: DomainKeys;
  /** Erased with their pod; left alone without this. */
  images?: PodImages;
  logger: Logger;
  clock: Clock;
  /** How long a revision may take from its start until it is healthy. */
  deployTimeoutMs: number;
  /** How often everything is compared anew with the store and the cluster, changes or no changes. */
  resyncIntervalMs: number;
  /** How many pods are worked on side by side, default 4. */
  concurrency?: number;
};

export type ReconcilerStats = {
  pods: number;
  /** The cluster's objects have been read once. */
  complete: boolean;
  connected: boolean;
  queue: WorkQueueStats;
  writes: ApplyStats;
  watches: Record<string, ReflectorStats>;
};

export type Reconciler = {
  stop(): Promise<void>;
  stats(): ReconcilerStats;
  /** Looks at everything now: the facts of the cluster have become known, or changed. */
  resync(): void;
};

const PLATFORM_KEY = 'platform';
const POD_PREFIX = 'pod:';
// A rollout tells of itself in bursts; one look at the end of each is enough.
const COALESCE_MS = 40;
const BACK_OFF = { baseMs: 250, maxMs: 10_000 };
const STORE_RETRY_MS = 2_000;

/** Keeps a cluster as the store says it should be, until it is stopped. */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  const running = new RunningReconciler(options);
  running.start();
  return { stop: () => running.stop(), stats: () => running.stats(), resync: () => running.resync() };
}

class RunningReconciler {
  readonly #options: ReconcilerOptions;
  readonly #live: LiveObjects;
  readonly #deps: PodDeps;
  readonly #queue: WorkQueue;
  readonly #podIds = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #unlisten: () => void = () => undefined;
  #stopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { kube, logger, resyncIntervalMs } = options;
    this.#live = new LiveObjects({
      kube,
      logger,
      resyncIntervalMs,
      onChange: (podName) => this.#onClusterChange(podName),
    });
    const { platform } = options;
    this.#deps = {
      ...options,
      platform: typeof platform === 'function' ? platform : () => platform,
      live: this.#live,
      applier: new ObjectApplier(kube, this.#live),
    };
    this.#queue = new WorkQueue({
      work: (key, signal) => this.#work(key, signal),
      onError: (key, error, retryInMs) => this.#onError(key, error, retryInMs),
      concurrency: options.concurrency ?? 4,
      backOff: BACK_OFF,
    });
  }

  start(): void {
    this.#live.start();
    this.#unlisten = this.#options.store.onPodChanged((podId) => this.#queue.add(POD_PREFIX + podId));
    this.resync();
    // What waited for the cluster goes on as soon as it has been read.
    void this.#live.whenComplete().then(() => this.resync());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([this.#queue.stop(), this.#live.stop()]);
  }

  stats(): ReconcilerStats {
    return {
      pods: this.#podIds.size,
      complete: this.#live.isComplete,
      connected: this.#live.isConnected,
      queue: this.#queue.stats(),
      writes: this.#deps.applier.stats(),
      watches: this.#live.stats(),
    };
  }

  resync(): void {
    if (this.#stopped) return;
    this.#queue.add(PLATFORM_KEY);
    this.#options.store.listPodIds().then(
      (podIds) => {
        for (const podId of podIds) this.#queue.add(POD_PREFIX + podId);
        this.#later(this.#options.resyncIntervalMs);
      },
      (error: unknown) => {
        this.#options.logger.error({ error: describe(error) }, 'cannot list the pods; trying again');
        this.#later(STORE_RETRY_MS);
      },
    );
  }

  #later(delayMs: number): void {
    if (this.#stopped) return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#timers.add(setTimeout(() => this.resync(), delayMs));
  }

  #onClusterChange(podName: string | null): void {
    if (podName === null) {
      this.#queue.addAfter(PLATFORM_KEY, COALESCE_MS);
      // A Gateway that gets ready makes Routes ready, of whatever pod.
      for (const podId of this.#podIds.values()) this.#queue.addAfter(POD_PREFIX + podId, COALESCE_MS);
      return;
    }
    const podId = this.#podIds.get(podName);
    if (podId !== undefined) this.#queue.addAfter(POD_PREFIX + podId, COALESCE_MS);
  }

  async #work(key: string, signal: AbortSignal): Promise<WorkResult | undefined> {
    if (key !== PLATFORM_KEY) {
      return reconcilePod(this.#deps, key.slice(POD_PREFIX.length), signal, ({ id, name }) =>
        this.#podIds.set(name, id),
      );
    }
    await reconcilePlatform(this.#deps, signal);
    return undefined;
  }

  #onError(key: string, error: unknown, retryInMs: number): void {
    const pod = key === PLATFORM_KEY ? {} : { podId: key.slice(POD_PREFIX.length) };
    this.#options.logger.warn(
      { ...pod, error: describe(error), retryInMs },
      'reconciling failed; trying again',
    );
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
