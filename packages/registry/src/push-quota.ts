import { randomUUID } from 'node:crypto';
import { OciError } from './oci-error.ts';
import { type PodUsage, sumOf } from './pod-usage.ts';
import { podOf, type RegistryCall } from './registry-call.ts';

const CACHED_MS = 5_000;
const FORGOTTEN_MS = 24 * 60 * 60_000;
const MIB = 1024 * 1024;
// An image whose layers were all taken gets its manifest as well.
const MANIFEST_SLACK_BYTES = 32 * MIB;

type Pod = {
  named: Map<string, number>;
  readAtMs: number;
  /** Blobs that were pushed and that no manifest names yet. */
  loose: Map<string, Counted>;
  /** Uploads that have begun, by their ids. */
  receiving: Map<string, Counted>;
};
type Counted = { bytes: number; atMs: number };

/** A call that adds to what a pod has. */
export type Admission = {
  /** Called with each part of a body. Throws `refusal` where it is one too many. */
  receive(bytes: number): void;
  refusal: OciError | null;
  /** Removes what an upload that was refused had brought. */
  discard(): Promise<void>;
  /** Called with what the registry answered. */
  end(status: number): void;
};

/**
 * Refuses uploads to pods that have as much as they may. A blob counts once in a pod, from the first byte of its upload on; one
 * that no manifest names any longer does not. What is being uploaded each server counts for itself.
 */
export class PushQuota {
  readonly #usage: PodUsage;
  readonly #limitOf: (pod: string) => Promise<number | null>;
  readonly #pods = new Map<string, Pod>();

  /** `limitOf` gives bytes, null for a pod without a limit. */
  constructor(usage: PodUsage, limitOf: (pod: string) => Promise<number | null>) {
    this.#usage = usage;
    this.#limitOf = limitOf;
  }

  /** Throws OciError DENIED where nothing more fits. Null where nothing is to be counted. `lengthBytes` is null where a body may have any length. */
  async admit(call: RegistryCall, method: string, lengthBytes: number | null): Promise<Admission | null> {
    const isManifest = call.kind === 'manifest' && method === 'PUT';
    const isUpload = call.kind === 'upload-start' || call.kind === 'upload';
    if (!(isManifest || isUpload) || method === 'GET' || method === 'HEAD') return null;
    const name = podOf(call.repository);
    const limit = await this.#limitOf(name);
    if (limit === null) return null;
    const pod = await this.#read(name, CACHED_MS);
    if (isManifest) return await this.#admitManifest(name, pod, limit);
    if (method === 'DELETE') return { ...UNCOUNTED, end: () => this.#forget(pod, call) };
    const digest = call.kind === 'upload-start' ? (call.mount ?? call.digest) : call.digest;
    const mounted = call.kind === 'upload-start' && call.mount !== null ? call.mount : null;
    const presentBytes =
      digest === null ? null : (pod.named.get(digest) ?? pod.loose.get(digest)?.bytes ?? null);
    const isThere = presentBytes !== null && lengthBytes !== null && lengthBytes <= presentBytes;
    if (isThere && method !== 'PATCH') return null;
    const addedBytes = mounted === null ? (lengthBytes ?? 0) : ((await this.#usage.sizeOf(mounted)) ?? 0);
    await this.#check(name, { limit, addedBytes });
    const id = call.kind === 'upload' ? call.id : randomUUID();
    const admission: Admission = {
      refusal: null,
      discard: async () => {
        if (call.kind === 'upload') await this.#usage.discardUpload(call.repository, call.id);
      },
      receive: (bytes) => {
        pod.receiving.set(id, counted((pod.receiving.get(id)?.bytes ?? 0) + bytes));
        const used = usedBy(pod);
        if (used <= limit) return;
        pod.receiving.delete(id);
        admission.refusal = denied(name, used, limit);
        throw admission.refusal;
      },
      end: (status) => {
        const bytes = mounted === null ? (pod.receiving.get(id)?.bytes ?? 0) : addedBytes;
        if (status === 201 && digest !== null) pod.loose.set(digest, counted(bytes));
        if (call.kind !== 'upload' || method === 'PUT') pod.receiving.delete(id);
      },
    };
    return admission;
  }

  async #admitManifest(name: string, pod: Pod, limit: number): Promise<Admission> {
    await this.#check(name, { limit: limit + MANIFEST_SLACK_BYTES, addedBytes: 0 }, limit);
    // What was deleted and what was added since it was read shows at once.
    return {
      ...UNCOUNTED,
      end: () => {
        pod.readAtMs = Number.NEGATIVE_INFINITY;
      },
    };
  }

  async #check(
    name: string,
    { limit, addedBytes }: { limit: number; addedBytes: number },
    told = limit,
  ): Promise<void> {
    const exceeds = (pod: Pod) => usedBy(pod) + addedBytes > limit || usedBy(pod) >= limit;
    if (!exceeds(await this.#read(name, CACHED_MS))) return;
    // Something may have been deleted since.
    const pod = await this.#read(name, 0);
    if (exceeds(pod)) throw denied(name, usedBy(pod) + addedBytes, told);
  }

  async #read(name: string, maxAgeMs: number): Promise<Pod> {
    const pod = this.#pods.get(name) ?? {
      ...{ named: new Map(), readAtMs: Number.NEGATIVE_INFINITY },
      ...{ loose: new Map(), receiving: new Map() },
    };
    this.#pods.set(name, pod);
    if (performance.now() - pod.readAtMs < maxAgeMs) return pod;
    pod.named = await this.#usage.named(name);
    pod.readAtMs = performance.now();
    for (const [digest, { atMs }] of pod.loose) {
      if (pod.named.has(digest) || performance.now() - atMs > FORGOTTEN_MS) pod.loose.delete(digest);
    }
    for (const [id, { atMs }] of pod.receiving) {
      if (performance.now() - atMs > FORGOTTEN_MS) pod.receiving.delete(id);
    }
    return pod;
  }

  #forget(pod: Pod, call: RegistryCall): void {
    if (call.kind === 'upload') pod.receiving.delete(call.id);
  }
}

const UNCOUNTED: Omit<Admission, 'end'> = {
  ...{ refusal: null, receive: () => undefined, discard: () => Promise.resolve() },
};

function counted(bytes: number): Counted {
  return { bytes, atMs: performance.now() };
}

function usedBy({ named, loose, receiving }: Pod): number {
  const bytes = (map: Map<string, Counted>) => sumOf([...map.values()].map((each) => each.bytes));
  return sumOf(named.values()) + bytes(loose) + bytes(receiving);
}

function denied(pod: string, bytes: number, limit: number): OciError {
  return new OciError(
    'DENIED',
    `With this, the images of pod "${pod}" would take ${inMib(bytes)}, and its limit is ${inMib(limit)}. Delete images that are not ` +
      'needed (brainpod image cleanup --dry-run shows which), or ask the operator for a higher limit, then push again.',
  );
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
