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
  const looks = afterEachChange(deps, watch, () => findRevision(deps, watch));
  for await (const revision of looks) if (isFinished(revision)) return revision;
  return findRevision(deps, watch);
}

/** The revision, which is there: revisions are only ever added. */
export async function findRevision(
  deps: ApiDependencies,
  { podId, revisionId }: { podId: string; revisionId: string },
): Promise<Revision> {
  const revision = await deps.store.revisions.find(podId, revisionId);
  if (revision === null) throw new Error(`revision ${revisionId} went away while it was watched`);
  return revision;
}

type Following = { podId: string; timeoutMs: number; callerGone: AbortSignal; withStatuses?: boolean };

/**
 * Looks at once, then after each change of the pod, until the time is over, the caller is gone or the server closes.
 * Changes during a look lead to one more look, however many they are.
 */
export async function* afterEachChange<T>(
  deps: ApiDependencies,
  { podId, timeoutMs, callerGone, withStatuses = false }: Following,
  look: () => Promise<T>,
): AsyncGenerator<T> {
  const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), callerGone, deps.closing]);
  const changes = new ChangeFlag();
  const onChange = (changed: string) => {
    if (changed === podId) changes.raise();
  };
  const unsubscribe = [
    deps.store.onPodChanged(onChange),
    ...(withStatuses ? [deps.store.onStatusChanged(onChange)] : []),
  ];
  const onOver = () => changes.raise();
  over.addEventListener('abort', onOver);
  try {
    while (!over.aborted) {
      yield await look();
      await changes.next();
    }
  } finally {
    over.removeEventListener('abort', onOver);
    for (const end of unsubscribe) end();
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
