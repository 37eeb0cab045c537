import type { KubeClient } from '@brainpod/kube/client';
import type { KubeError } from '@brainpod/kube/kube-error';
import {
  type KindRef,
  type KubeObject,
  kindKey,
  type ObjectRef,
  objectKey,
} from '@brainpod/kube/kube-object';
import { Reflector, type ReflectorStats } from '@brainpod/kube/reflector';
import { GATEWAY, isOpaque, MANAGED_BY_SELECTOR, WATCHED_KINDS } from './managed-kinds.ts';
import { type LiveObject, projectLiveObject } from './observe/live-object.ts';
import type { ObservedGateway } from './observe/route.ts';
import type { Logger } from './ports.ts';

export type LiveObjectsOptions = {
  kube: KubeClient;
  resyncIntervalMs: number;
  logger: Logger;
  /** An object of this pod, or one of the platform (null), is not as it was. */
  onChange: (podName: string | null) => void;
};

const NONE: ReadonlyMap<string, LiveObject> = new Map();
const SAME_COMPLAINT_INTERVAL_MS = 300_000;

/** What is in the cluster and carries our labels, as far as it matters to us, kept up to date by watches. */
export class LiveObjects {
  readonly #options: LiveObjectsOptions;
  readonly #reflectors = new Map<string, Reflector<LiveObject>>();
  readonly #byPod = new Map<string | null, Map<string, LiveObject>>();
  readonly #complaints = new Map<string, { reason: string; atMs: number }>();
  /** Our own writes are known to those who made them. */
  #writing = false;

  constructor(options: LiveObjectsOptions) {
    this.#options = options;
    for (const kind of WATCHED_KINDS) this.#reflectors.set(kindKey(kind), this.#makeReflector(kind));
  }

  start(): void {
    for (const reflector of this.#reflectors.values()) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()));
  }

  /** Resolves when everything has been read once. */
  async whenComplete(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.synced));
  }

  get isComplete(): boolean {
    return [...this.#reflectors.values()].every((reflector) => reflector.isSynced);
  }

  /** Whether the cluster answers. A kind that it does not serve is an answer. */
  get isConnected(): boolean {
    return [...this.#reflectors.values()].some((reflector) => reflector.isConnected);
  }

  get(ref: ObjectRef): LiveObject | undefined {
    return this.#reflectors.get(kindKey(ref))?.get(objectKey(ref));
  }

  /** Every object of a pod; of the platform for null. */
  ofPod(podName: string | null): Iterable<LiveObject> {
    return (this.#byPod.get(podName) ?? NONE).values();
  }

  gateway(namespace: string, name: string): ObservedGateway | null {
    const live = this.get({ ...GATEWAY, metadata: { namespace, name } });
    return live?.observed?.type === 'gateway' ? live.observed : null;
  }

  /** Whether the cluster serves a kind, as far as its watch knows. */
  serves(kind: KindRef): boolean {
    return this.#reflectors.get(kindKey(kind))?.stats().served ?? false;
  }

  /** Takes over the cluster's answer to a write of ours. */
  observe(object: KubeObject): void {
    this.#duringWrite(() => this.#reflectorOf(object).observe(object));
  }

  observeGone(ref: ObjectRef): void {
    this.#duringWrite(() => this.#reflectorOf(ref).observeGone(objectKey(ref)));
  }

  stats(): Record<string, ReflectorStats> {
    return Object.fromEntries([...this.#reflectors].map(([kind, reflector]) => [kind, reflector.stats()]));
  }

  #reflectorOf(kind: KindRef): Reflector<LiveObject> {
    const reflector = this.#reflectors.get(kindKey(kind));
    // Without a watch a change by hand would never be seen, nor could the object be pruned.
    if (reflector === undefined) throw new Error(`${kindKey(kind)} is not among the kinds that are watched`);
    return reflector;
  }

  #duringWrite(work: () => void): void {
    this.#writing = true;
    try {
      work();
    } finally {
      this.#writing = false;
    }
  }

  #makeReflector(kind: KindRef): Reflector<LiveObject> {
    return new Reflector({
      client: this.#options.kube,
      query: { ...kind, labelSelector: MANAGED_BY_SELECTOR, metadataOnly: isOpaque(kind) },
      project: projectLiveObject,
      resyncIntervalMs: this.#options.resyncIntervalMs,
      onChange: (key, now, before) => this.#onChange(key, now, before),
      onError: (error, retryInMs) => this.#onError(kind, error, retryInMs),
    });
  }

  #onChange(key: string, now: LiveObject | undefined, before: LiveObject | undefined): void {
    if (before !== undefined) this.#drop(before.podName, key);
    if (now !== undefined) {
      const objects = this.#byPod.get(now.podName) ?? new Map<string, LiveObject>();
      this.#byPod.set(now.podName, objects.set(key, now));
    }
    if (this.#writing || JSON.stringify(now) === JSON.stringify(before)) return;
    for (const podName of new Set([now?.podName, before?.podName])) {
      if (podName !== undefined) this.#options.onChange(podName);
    }
  }

  #drop(podName: string | null, key: string): void {
    const objects = this.#byPod.get(podName);
    objects?.delete(key);
    if (objects?.size === 0) this.#byPod.delete(podName);
  }

  #onError(kind: KindRef, error: KubeError, retryInMs: number): void {
    // A cluster that is away is away for every kind, which is said once.
    const about = error.reason === 'Unreachable' ? error.reason : kindKey(kind);
    const last = this.#complaints.get(about);
    const nowMs = performance.now();
    if (last?.reason === error.reason && nowMs - last.atMs < SAME_COMPLAINT_INTERVAL_MS) return;
    this.#complaints.set(about, { reason: error.reason, atMs: nowMs });
    const fields = { kind: kind.kind, reason: error.reason, error: error.message, retryInMs };
    this.#options.logger.warn(fields, 'cannot watch the cluster for now');
  }
}
