import type { Revision } from '@brainpod/store/revisions';
import type { ApiDependencies } from './dependencies.ts';

const FINISHED: readonly string[] = ['deployed', 'failed', 'canceled'];

/** Whether a revision is as it will stay, so far as its deploy goes. */
export function isFinished(revision: Revision): boolean {
  return FINISHED.includes(revision.state);
}

type Watch = { podId: string; revisionId: string; timeoutMs: number; callerGone: AbortSignal };

/**
 * Waits until a revision's deploy is finished, or for the time given, or until nobody waits for the answer any
 * more; returns the revision as it then is. It holds no connection to the database while it waits.
 */
export async function watchDeploy(deps: ApiDependencies, watch: Watch): Promise<Revision> {
  const over = AbortSignal.any([AbortSignal.timeout(watch.timeoutMs), watch.callerGone, deps.closing]);
  const changes = new ChangeFlag();
  const unsubscribe = deps.store.onPodChanged((podId) => {
    if (podId === watch.podId) changes.raise();
  });
  const onOver = () => changes.raise();
  over.addEventListener('abort', onOver);
  try {
    for (;;) {
      const revision = await deps.store.revisions.find(watch.podId, watch.revisionId);
      if (revision === null) throw new Error(`revision ${watch.revisionId} went away while it was watched`);
      if (isFinished(revision) || over.aborted) return revision;
      await changes.next();
    }
  } finally {
    over.removeEventListener('abort', onOver);
    unsubscribe();
  }
}

/** Remembers that something changed until somebody asks, so that no change between two questions is missed. */
class ChangeFlag {
  #isRaised = false;
  #wake: (() => void) | null = null;

  raise(): void {
    this.#isRaised = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#isRaised) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = null;
    this.#isRaised = false;
  }
}
