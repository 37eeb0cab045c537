import { PULL_SECRET_NAME } from '@brainpod/compiler/names';
import type { PodDeps } from './pod-pass.ts';
import type { PodState } from './ports.ts';

/**
 * Applies what a pod's namespace is to hold, its pull secret among it. What the store notes as the oldest key that may be
 * there is so whoever is killed wherever: for a namespace without any it is noted before there is one, for any other when
 * the newer one is there. Throws when the key was replaced meanwhile; the next pass reads the newer one.
 */
export async function withPullKey(
  { store }: Pick<PodDeps, 'store'>,
  { pod, pullKey: { newest, heldId } }: Pick<PodState, 'pod' | 'pullKey'>,
  options: { apply: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const note = async (): Promise<void> => {
    options.signal.throwIfAborted();
    if (await store.holdPullKey(pod.id, newest.id)) return;
    throw new Error(`the pull key ${newest.id} was replaced while it was given to pod ${pod.name}`);
  };
  if (heldId === null) await note();
  await options.apply();
  if (heldId !== null && heldId !== newest.id) await note();
}

/** Takes the pull secret of a pod of which nothing runs, so that nobody waits for it to get a newer key. */
export async function dropPullKey(
  { store, live, applier }: Pick<PodDeps, 'store' | 'live' | 'applier'>,
  { pod, pullKey: { heldId } }: Pick<PodState, 'pod' | 'pullKey'>,
  signal: AbortSignal,
): Promise<void> {
  const secrets = [...live.ofPod(pod.name)].filter(
    ({ ref }) => ref.kind === 'Secret' && ref.metadata.name === PULL_SECRET_NAME,
  );
  await applier.prune(secrets, [], signal);
  signal.throwIfAborted();
  if (heldId !== null) await store.dropPullKey(pod.id);
}
