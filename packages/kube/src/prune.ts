import type { KubeClient } from './client.ts';
import { type KindRef, type KubeObject, type ObjectRef, objectKey } from './kube-object.ts';

export type PruneQuery = {
  /** In the order in which to delete. Kinds that the cluster does not serve are passed over. */
  kinds: KindRef[];
  namespace: string;
  /** What the objects in question carry. */
  labelSelector: string;
  /** What stays. */
  keep: ObjectRef[];
  signal?: AbortSignal;
};

/**
 * Deletes the objects that carry the labels and are not among those to keep, and returns them.
 * Reads the cluster, not a cache; an object made anew meanwhile stays.
 */
export async function prune(client: KubeClient, query: PruneQuery): Promise<KubeObject[]> {
  const { namespace, labelSelector } = query;
  const signal = query.signal === undefined ? {} : { signal: query.signal };
  const keep = new Set(query.keep.map(objectKey));
  const deleted: KubeObject[] = [];
  for (const kind of query.kinds) {
    if (!(await client.hasResource(kind.apiVersion, kind.kind))) continue;
    const { items } = await client.list({ ...kind, namespace, labelSelector, metadataOnly: true, ...signal });
    for (const object of items) {
      if (keep.has(objectKey(object)) || object.metadata.deletionTimestamp !== undefined) continue;
      const uid = object.metadata.uid;
      if (await client.delete(object, { ...(uid === undefined ? {} : { uid }), ...signal }))
        deleted.push(object);
    }
  }
  return deleted;
}
