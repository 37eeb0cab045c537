import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@brainpod/store/store';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';

const RETRY_INTERVAL_MS = 200;

/**
 * Brings the database to the newest layout as soon as PostgreSQL answers, however long that takes. Any error
 * but PostgreSQL's absence is thrown, and so is `signal`'s reason.
 */
export async function migrateWhenAvailable(store: Store, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await store.migrate();
      return;
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
    }
    await delay(RETRY_INTERVAL_MS, undefined, { signal });
  }
}
