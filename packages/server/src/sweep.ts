import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@brainpod/store/store';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { Logger } from 'pino';

const INTERVAL_MS = 10 * 60_000;

/**
 * Removes what was only kept for a time: answers for requests that are repeated, and unused rate budgets. Now, then
 * every few minutes until `signal`. Several servers may do so at once.
 */
export async function sweepUntil(
  signal: AbortSignal,
  { store, logger, intervalMs = INTERVAL_MS }: { store: Store; logger: Logger; intervalMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const answers = await store.idempotentAnswers.sweep();
      await store.rateBudgets.sweep();
      if (answers > 0) logger.info({ answers }, 'removed answers kept for repeated requests');
    } catch (error) {
      // The next round removes what this one could not.
      const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
      logger[level]({ err: error }, 'could not remove what has outlived its time');
    }
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
