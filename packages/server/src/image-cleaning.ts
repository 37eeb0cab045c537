import { setTimeout as delay } from 'node:timers/promises';
import { cleanupOf } from '@brainpod/api/image-cleanup';
import { ApiError } from '@brainpod/model/errors';
import type { CleanupPlan } from '@brainpod/model/image-cleanup';
import type { ImageKeeper } from '@brainpod/registry/image-keeper';
import { platformActor } from '@brainpod/store/audit';
import type { Store } from '@brainpod/store/store';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { Logger } from 'pino';

const INTERVAL_MS = 5 * 60_000;
const NEXT_IN_HOURS = 24;
const AGAIN_IN_HOURS = 1;

type Parts = {
  store: Store;
  imageKeeper: Pick<ImageKeeper, 'holdings' | 'delete'>;
  registryHost: string;
  logger: Logger;
  intervalMs?: number;
};
type Pod = { id: string; name: string; accountId: string };

/**
 * Deletes the images that pods do not need any longer, of those pods that have it done by itself, each once a day until
 * `signal`. One server does so at a time, one pod after the other; who begins late, or was killed, finds in the database
 * what is due. Never rejects.
 */
export async function cleanImagesUntil(signal: AbortSignal, parts: Parts): Promise<void> {
  while (!signal.aborted) {
    await cleanDue(signal, parts);
    await delay(parts.intervalMs ?? INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function cleanDue(signal: AbortSignal, parts: Parts): Promise<void> {
  try {
    await parts.store.asOnlyServer('image clean-up', async (lockLost) => {
      const until = AbortSignal.any([signal, lockLost]);
      for (const pod of await parts.store.imageCleanups.due()) {
        if (until.aborted) return;
        await cleanPod(pod, until, parts);
      }
    });
  } catch (error) {
    if (signal.aborted) return;
    const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
    parts.logger[level]({ err: error }, 'images could not be cleaned up; it is tried again in a moment');
  }
}

async function cleanPod(pod: Pod, until: AbortSignal, parts: Parts): Promise<void> {
  const { store, imageKeeper, logger } = parts;
  const at = new Date().toISOString();
  let plan: CleanupPlan = { go: [], keep: [], bytes: 0 };
  let deleted = 0;
  let problem: string | null = null;
  try {
    plan = await planFor(pod, parts);
    for (const { image } of plan.go) {
      until.throwIfAborted();
      if (await imageKeeper.delete(pod.name, image)) deleted += 1;
    }
  } catch (error) {
    // Still due: the server that comes next does it.
    if (until.aborted || isDatabaseUnavailable(error)) throw error;
    problem = error instanceof ApiError ? error.publicMessage : 'It failed by a fault of the platform.';
    logger.warn({ err: error, pod: pod.name }, 'images of a pod could not be cleaned up');
  }
  const figures = {
    at,
    planned: plan.go.length,
    kept: plan.keep.length,
    deleted,
    bytes: plan.bytes,
    problem,
  };
  const nextInHours = problem === null ? NEXT_IN_HOURS : AGAIN_IN_HOURS;
  await store.imageCleanups.settle(pod.id, figures, { nextInHours });
  if (deleted > 0) logger.info({ pod: pod.name, deleted, bytes: plan.bytes }, 'cleaned up images');
}

/** What is to go, with an entry in the audit log of the same transaction where anything is. */
async function planFor(pod: Pod, { store, imageKeeper, registryHost }: Parts): Promise<CleanupPlan> {
  const held = await imageKeeper.holdings(pod.name);
  return await store.transact(async (inside) => {
    const { plan } = await cleanupOf({ store: inside, registryHost }, pod, held);
    if (plan.go.length > 0) {
      const actor = platformActor('cleanUpImages');
      await inside.imageCleanups.recordDeletion(pod.id, null, actor, pod.accountId);
    }
    return plan;
  });
}
