export type BackOff = { baseMs: number; maxMs: number };

/**
 * How long to wait before try number `attempt` (0 = after the first failure): doubles up to `maxMs`,
 * of which a random half is taken off, so that clients that failed together do not come back together.
 */
export function backOffMs(
  attempt: number,
  { baseMs, maxMs }: BackOff,
  random: () => number = Math.random,
): number {
  const fullMs = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(fullMs * (0.5 + random() * 0.5));
}

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
