import type { Platform } from '@brainpod/compiler/compile';
import type { WorkResult } from '@brainpod/kube/work-queue';
import { assessPod } from './assess.ts';
import { keepDeleted } from './deleted-pod.ts';
import { RevisionDeploy } from './deploy-revision.ts';
import { compileSnapshot, type Outcome, type PodDeps, platformNow } from './pod-pass.ts';
import type { PodState, Snapshot } from './ports.ts';
import { dropPullKey, withPullKey } from './pull-key.ts';
import { finishRestarts } from './restart-progress.ts';
import { stepsOf } from './rollout-plan.ts';
import { readyToGo } from './route-switch.ts';

const LOCK_RETRY_MS = 500;
// More than the states that a pod can go through without waiting for anything.
const MAX_PASSES = 20;

/**
 * Brings one pod's objects to what the store says. Each pass begins from nothing but the store and the cluster,
 * takes the next step that is possible, and ends; a change in the cluster or a deadline starts the next.
 * Rejects when a call failed; the next try starts anew.
 */
export async function reconcilePod(
  deps: PodDeps,
  podId: string,
  stopping: AbortSignal,
  onPod: (pod: PodState['pod']) => void,
): Promise<WorkResult> {
  const outcome = await deps.store.withPodLock(podId, async (lockLost) => {
    const signal = lockLost === undefined ? stopping : AbortSignal.any([stopping, lockLost]);
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      signal.throwIfAborted();
      const state = await deps.store.loadPod(podId);
      if (state === null) return { waitMs: null };
      onPod(state.pod);
      const next = await passOver(deps, state, signal);
      if (next !== 'reload') return next;
    }
    throw new Error(`pod ${podId} changes its state faster than it can be followed`);
  });
  // Another server is at it. It sees what this one sees; to be sure, this one looks again.
  if (!outcome.held) return { again: { afterMs: LOCK_RETRY_MS * (1 + Math.random()) } };
  const { waitMs } = outcome.value;
  return waitMs === null ? {} : { again: { afterMs: waitMs } };
}

async function passOver(deps: PodDeps, state: PodState, signal: AbortSignal): Promise<Outcome> {
  const platform = platformNow(deps, state);
  if (state.pod.eraseAfter === null && state.target !== null) {
    return new RevisionDeploy(deps, state, state.target, signal).step(platform);
  }
  // The reconciler looks at every pod again as soon as the cluster has been read.
  if (platform === null) return { waitMs: null };
  if (state.pod.eraseAfter !== null) return keepDeleted(deps, state, state.pod.eraseAfter, signal);
  if (state.deployed !== null) return keep(deps, { state, deployed: state.deployed, platform }, signal);
  return clear(deps, state, signal);
}

/** Keeps the revision that is live as it is, whatever happened to its objects, and takes away what is not of it. */
async function keep(
  deps: PodDeps,
  { state, deployed, platform }: { state: PodState; deployed: Snapshot; platform: Platform },
  signal: AbortSignal,
): Promise<Outcome> {
  const { live, applier, store } = deps;
  const { pod } = state;
  const { objects, diagnostics } = compileSnapshot(deps, state, deployed, platform);
  if (diagnostics.length > 0) {
    throw new Error(
      `revision ${deployed.revisionId} was deployed and does not compile: ${JSON.stringify(diagnostics)}`,
    );
  }
  const apply = async (): Promise<void> => {
    for (const step of stepsOf(objects)) await applier.apply(step, signal);
  };
  await withPullKey(deps, state, { apply, signal });
  const wanted = objects.map(({ object }) => object);
  const { present, waitMs } = await readyToGo(deps, live.ofPod(pod.name), wanted, signal);
  await applier.prune(present, wanted, signal);
  const assessment = assessPod(deployed.documents, pod.name, live, platform);
  signal.throwIfAborted();
  await store.saveStatuses(pod.id, assessment.rows);
  const outcome = await finishRestarts(deps, state, assessment, signal);
  return outcome === 'reload' || waitMs === null
    ? outcome
    : { waitMs: Math.min(waitMs, outcome.waitMs ?? waitMs) };
}

/** Where nothing ever went live, nothing runs: what a failed first deploy made is taken away. */
async function clear(deps: PodDeps, state: PodState, signal: AbortSignal): Promise<Outcome> {
  const { live, applier, store } = deps;
  const ofResources = [...live.ofPod(state.pod.name)].filter((object) => object.resource !== null);
  await applier.prune(ofResources, [], signal);
  await dropPullKey(deps, state, signal);
  signal.throwIfAborted();
  await store.saveStatuses(state.pod.id, []);
  return { waitMs: null };
}
