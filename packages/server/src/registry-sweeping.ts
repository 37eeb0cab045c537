import { setTimeout as delay } from 'node:timers/promises';
import type { RegistrySweep, SweepReport } from '@brainpod/registry/sweep/registry-sweep';
import type { Store } from '@brainpod/store/store';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { Logger } from 'pino';

const INTERVAL_MS = 60 * 60_000;
// Another server may have ended in the middle of it, or the database been away.
const RETRY_MS = 60_000;

type Parts = { store: Store; sweep: Pick<RegistrySweep, 'run'>; logger: Logger; intervalMs?: number };

/**
 * Frees what nothing in the registry refers to, now and then every hour until `signal`, on one server at a time. What was being
 * pushed when servers change is safe in any case. Never rejects.
 */
export async function sweepRegistryUntil(signal: AbortSignal, parts: Parts): Promise<void> {
  while (!signal.aborted) {
    const isDone = await sweepOnce(signal, parts);
    const pauseMs = parts.intervalMs ?? (isDone ? INTERVAL_MS : RETRY_MS);
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function sweepOnce(signal: AbortSignal, { store, sweep, logger }: Parts): Promise<boolean> {
  try {
    const outcome = await store.asOnlyServer('registry sweep', (lockLost) =>
      sweep.run(AbortSignal.any([signal, lockLost])),
    );
    if (outcome.held) tell(logger, outcome.value);
    return outcome.held;
  } catch (error) {
    if (!signal.aborted) {
      const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
      logger[level]({ err: error }, 'the sweep of the registry was broken off; it is done again in a moment');
    }
    return false;
  }
}

function tell(logger: Logger, { freed, bytes }: SweepReport): void {
  for (const { what, reason } of freed) logger.debug({ what, reason }, 'freed');
  if (freed.length > 0)
    logger.info({ freed: freed.length, bytes }, 'freed what nothing in the registry refers to');
}
