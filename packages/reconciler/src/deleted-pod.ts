import { namespaceName } from '@brainpod/compiler/names';
import { NAMESPACE } from './managed-kinds.ts';
import type { Outcome, PodDeps } from './pod-pass.ts';
import type { PodState } from './ports.ts';
import { dropPullKey } from './pull-key.ts';

const GONE_RETRY_MS = 1_000;

/**
 * Of a deleted pod nothing runs and nothing is reachable. When its time is over it is erased, step by step and each
 * step only when the one before is done: what it has in the cluster, its images, its rows. Whoever is killed between
 * them leaves a pod that is still deleted, and the next pass goes on.
 */
export async function keepDeleted(
  deps: PodDeps,
  state: PodState,
  eraseAfter: Date,
  signal: AbortSignal,
): Promise<Outcome> {
  const { live, applier, store, clock } = deps;
  const { pod } = state;
  const leftMs = eraseAfter.getTime() - clock.now().getTime();
  if (leftMs > 0) {
    const ofResources = [...live.ofPod(pod.name)].filter((object) => object.resource !== null);
    await applier.prune(ofResources, [], signal);
    await dropPullKey(deps, state, signal);
    signal.throwIfAborted();
    await store.saveStatuses(pod.id, []);
    return { waitMs: leftMs };
  }
  return erase(deps, pod, signal);
}

async function erase(deps: PodDeps, pod: PodState['pod'], signal: AbortSignal): Promise<Outcome> {
  const { live, applier, kube, store, images, clock, logger } = deps;
  await applier.prune(live.ofPod(pod.name), [], signal);
  const namespace = { ...NAMESPACE, metadata: { name: namespaceName(pod.name) } };
  // Its end takes a while, and only the cluster itself knows that it has come.
  if ((await kube.get(namespace)) !== null) return { waitMs: GONE_RETRY_MS };
  await images?.erase(pod.name, signal);
  signal.throwIfAborted();
  if (await store.erasePod(pod.id, clock.now())) logger.info({ pod: pod.name }, 'erased a deleted pod');
  return { waitMs: null };
}
