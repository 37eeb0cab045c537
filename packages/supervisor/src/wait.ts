import { setTimeout as delay } from 'node:timers/promises';

type WaitOptions = { timeoutMs: number; everyMs?: number; signal?: AbortSignal };

/** Asks until the answer is yes. False when the time is over or the signal is raised first. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  options: WaitOptions,
): Promise<boolean> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    if (options.signal?.aborted === true) return false;
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await pause(options.everyMs ?? 50, options.signal);
  }
}

/** Waits this long, or until the signal is raised; never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  }
}
