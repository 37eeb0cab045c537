import type { RevisionState } from '@brainpod/model/revision-state';
import { loadEntries, type RevisionEntry } from './documents.ts';
import { loadRestarts } from './restarts.ts';
import type { Database, ImageDigests, PodLimits } from './tables.ts';

/** All of a pod that decides what deploying its head does. */
export type PlanBasis = {
  head: {
    id: string;
    version: number;
    state: RevisionState;
    entries: RevisionEntry[];
    imageDigests: ImageDigests;
  };
  /** What the head will take the place of: the newest revision on its way, else what is deployed; null for nothing. */
  base: { id: string; version: number; entries: RevisionEntry[]; imageDigests: ImageDigests } | null;
  isStopped: boolean;
  limits: PodLimits | null;
  /** Since when the instances of each App that was ever restarted are wanted, as an ISO instant, by name. */
  restarts: Record<string, string>;
};

/** Reads it; all from one moment if the caller's transaction does so, or holds the pod's lock. */
export async function readPlanBasis(db: Database, podId: string): Promise<PlanBasis> {
  const pod = await db
    .selectFrom('pod')
    .innerJoin('revision as head', 'head.id', 'pod.head_revision_id')
    .select(['head.id', 'head.version', 'head.state', 'head.image_digests'])
    .select(['deployed_revision_id', 'stopped_at', 'limits'])
    .where('pod.id', '=', podId)
    .executeTakeFirstOrThrow();
  const base = await db
    .selectFrom('revision')
    .select(['id', 'version', 'image_digests as imageDigests'])
    .where('pod_id', '=', podId)
    .where('id', '!=', pod.id)
    .where((where) =>
      where.or([where('state', 'in', ['pending', 'ready']), where('id', '=', pod.deployed_revision_id)]),
    )
    // On its way comes before deployed: that is what will be deployed by then.
    .orderBy((order) => order('state', 'in', ['pending', 'ready']), 'desc')
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const restarts = await loadRestarts(db, podId);
  const { id, version, state, image_digests: imageDigests } = pod;
  return {
    head: { id, version, state, imageDigests, entries: await loadEntries(db, id) },
    base: base === undefined ? null : { ...base, entries: await loadEntries(db, base.id) },
    isStopped: pod.stopped_at !== null,
    limits: pod.limits,
    restarts: Object.fromEntries(
      restarts.flatMap(({ kind, name, effectiveAt }) =>
        kind === 'App' && effectiveAt !== null ? [[name, effectiveAt.toISOString()]] : [],
      ),
    ),
  };
}
