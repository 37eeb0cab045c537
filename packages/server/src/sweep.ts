import { setTimeout as delay } from 'node:timers/promises';
import type { SourceStore } from '@brainpod/builder/source/source-store';
import type { Store } from '@brainpod/store/store';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { Logger } from 'pino';

const INTERVAL_MS = 10 * 60_000;
// What is gone is sent again by whoever builds next.
const SOURCES = { olderThanMs: 30 * 24 * 60 * 60_000, maxBytesPerPod: 4 * 1024 ** 3 };

/**
 * Removes what was only kept for a time: answers for requests that are repeated, unused rate budgets, old
 * builds with their logs, sources that nobody builds any more, and those of erased pods. Now, then every few minutes until `signal`. Several servers may do so at once.
 */
export async function sweepUntil(
  signal: AbortSignal,
  {
    store,
    sources,
    logger,
    intervalMs = INTERVAL_MS,
  }: { store: Store; sources: SourceStore; logger: Logger; intervalMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const answers = await store.idempotentAnswers.sweep();
      await store.rateBudgets.sweep();
      await store.builds.forgetOld();
      const bytes = await sources.sweep({ ...SOURCES, inUse: await store.builds.sourcesInUse() });
      for (const podId of await store.pods.erased(await sources.pods())) await sources.erase(podId);
      if (bytes > 0) logger.info({ bytes }, 'removed sources that nobody builds any more');
      if (answers > 0) logger.info({ answers }, 'removed answers kept for repeated requests');
    } catch (error) {
      // The next round removes what this one could not.
      const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
      logger[level]({ err: error }, 'could not remove what has outlived its time');
    }
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
