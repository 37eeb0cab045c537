import { canonicalJson } from '@brainpod/model/canonical-json';
import type { ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { compileChecked } from '../compile.ts';
import type { KubeObject } from '../kube-object.ts';
import type { Platform, PodContext } from '../platform-facts.ts';
import { type PodView, podView } from '../pod-view.ts';

/** One side of a plan: a pod's documents and what each compiles to, by their places. */
export type PlanSide = {
  documents: ReadonlyMap<string, ResourceDocument>;
  objects: ReadonlyMap<string, readonly KubeObject[]>;
  view: PodView;
};

export function planSide(
  { documents, pod }: { documents: readonly ResourceDocument[]; pod: PodContext },
  platform: Platform,
): PlanSide {
  const objects = new Map<string, KubeObject[]>();
  for (const { resource, object } of compileChecked(documents, pod, platform)) {
    if (resource === null) continue;
    const place = placeOf({ kind: resource.kind, metadata: { name: resource.name } });
    objects.set(place, [...(objects.get(place) ?? []), object]);
  }
  return {
    documents: new Map(documents.map((document) => [placeOf(document), document])),
    objects,
    view: podView(documents, pod, platform),
  };
}

/** Whether two values are the same as JSON; the order of keys does not count. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}
