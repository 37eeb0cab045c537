import type { KubeClient } from './client.ts';
import { type KindRef, kindKey, type ObjectRef, objectKey } from './kube-object.ts';

export type Present = { ref: ObjectRef; uid: string; deleting: boolean };

/**
 * Decides what to delete of the objects that are there: what is not kept and not on its way out already, sorted
 * by `order`. A kind that is not in `order` is not ours to delete.
 */
export function planPrune(
  present: Iterable<Present>,
  keep: readonly ObjectRef[],
  order: readonly KindRef[],
): Present[] {
  const kept = new Set(keep.map(objectKey));
  const places = new Map(order.map((kind, place) => [kindKey(kind), place]));
  const doomed: { object: Present; place: number }[] = [];
  for (const object of present) {
    const place = places.get(kindKey(object.ref));
    if (place === undefined || object.deleting || kept.has(objectKey(object.ref))) continue;
    doomed.push({ object, place });
  }
  return doomed.sort((a, b) => a.place - b.place).map(({ object }) => object);
}

/**
 * Deletes the objects one after the other. One that somebody has made anew under its name meanwhile stays.
 * Reports each as it is gone.
 */
export async function prune(
  client: KubeClient,
  doomed: readonly Present[],
  options: { signal?: AbortSignal; onDeleted?: (object: Present) => void } = {},
): Promise<void> {
  for (const object of doomed) {
    await client.delete(object.ref, {
      uid: object.uid,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    options.onDeleted?.(object);
  }
}
