import { createHash } from 'node:crypto';
import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { type KubeObject, type ObjectRef, objectKey } from '@brainpod/kube/kube-object';
import { type Present, planPrune, prune } from '@brainpod/kube/prune';
import { canonicalJson } from '@brainpod/model/canonical-json';
import type { LiveObjects } from './live-objects.ts';
import { isOpaque, WRITTEN_KINDS } from './managed-kinds.ts';
import { fingerprintOf } from './observe/live-object.ts';

export type ApplyStats = { applied: number; skipped: number; dryRuns: number; deleted: number };

/** `object` is null where it is not known which one was refused. */
export type Refusal = { object: KubeObject | null; error: KubeError };

const PARALLEL_CALLS = 6;

/**
 * Brings objects into the cluster with as few calls as possible: what was applied before and has not been touched
 * since is passed over. That memory is lost with the process, which costs one call per object and no write.
 */
export class ObjectApplier {
  readonly #kube: KubeClient;
  readonly #live: LiveObjects;
  /** By object: a hash of what we applied last, and how the object looked after that. */
  readonly #applied = new Map<string, { desired: string; fingerprint: string }>();
  readonly #stats: ApplyStats = { applied: 0, skipped: 0, dryRuns: 0, deleted: 0 };

  constructor(kube: KubeClient, live: LiveObjects) {
    this.#kube = kube;
    this.#live = live;
  }

  stats(): ApplyStats {
    return { ...this.#stats };
  }

  isCurrent(object: KubeObject): boolean {
    const applied = this.#applied.get(objectKey(object));
    const live = this.#live.get(object);
    return (
      applied !== undefined &&
      live !== undefined &&
      live.fingerprint === applied.fingerprint &&
      applied.desired === hashOf(object)
    );
  }

  /** Lets the cluster check all objects and change none. Returns what it refuses for good; throws on what may pass. */
  async dryRun(objects: readonly KubeObject[], signal: AbortSignal): Promise<Refusal[]> {
    const refusals: Refusal[] = [];
    await inParallel(objects, async (object) => {
      if (this.isCurrent(object)) return;
      this.#stats.dryRuns += 1;
      try {
        await this.#kube.apply(object, { dryRun: true, signal });
      } catch (error) {
        if (!(error instanceof KubeError) || error.retryable) throw error;
        if (!isFrozen(object, error)) refusals.push({ object, error });
      }
    });
    return refusals;
  }

  /** Applies the objects side by side. Throws the first error, after all were tried. */
  async apply(objects: readonly KubeObject[], signal: AbortSignal): Promise<void> {
    await inParallel(objects, (object) => this.#applyOne(object, signal));
  }

  /** Deletes what is present and not kept. */
  async prune(present: Iterable<Present>, keep: readonly ObjectRef[], signal: AbortSignal): Promise<void> {
    const doomed = planPrune(present, keep, WRITTEN_KINDS);
    const onDeleted = ({ ref }: Present): void => {
      this.#stats.deleted += 1;
      this.#applied.delete(objectKey(ref));
      this.#live.observeGone(ref);
    };
    await prune(this.#kube, doomed, { signal, onDeleted });
  }

  async #applyOne(object: KubeObject, signal: AbortSignal): Promise<void> {
    if (this.isCurrent(object)) {
      this.#stats.skipped += 1;
      return;
    }
    signal.throwIfAborted();
    this.#stats.applied += 1;
    let result: KubeObject;
    try {
      result = await this.#kube.apply(object, { signal });
    } catch (error) {
      if (!(error instanceof KubeError) || !isFrozen(object, error)) throw error;
      result = await this.#replaceFrozen(object, signal);
    }
    this.#applied.set(objectKey(object), { desired: hashOf(object), fingerprint: fingerprintOf(result) });
    this.#live.observe(result);
  }

  // Somebody has put another object under our name that cannot be changed any more. Whoever mounts it keeps what
  // is mounted.
  async #replaceFrozen(object: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    await this.#kube.delete(object, { signal });
    return this.#kube.apply(object, { signal });
  }
}

/** A Secret or ConfigMap that is immutable, and not as we want it. */
export function isFrozen(object: KubeObject, error: KubeError): boolean {
  return isOpaque(object) && error.status === 422 && error.message.includes('immutable');
}

// Kept in memory only, so that the contents of secrets may go into it.
function hashOf(object: KubeObject): string {
  return createHash('sha256').update(canonicalJson(object)).digest('base64url');
}

/** Does the work on all items, a few at a time. Throws the first error, after all were tried. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_CALLS }, worker));
  // What cannot be repaired by waiting tells more than what can.
  const first = errors.find((error) => error instanceof KubeError && !error.retryable) ?? errors[0];
  if (first !== undefined) throw first;
}
