import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again and again until the answer is neither false nor undefined, and returns it. Throws with `what` in
 * its message when the time is over. An error of the question ends the wait at once.
 */
export async function waitFor<T>(
  question: () => T | false | undefined | Promise<T | false | undefined>,
  options: { timeoutMs: number; what: string; everyMs?: number },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await question();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${options.timeoutMs} ms in vain for ${options.what}.`);
    }
    await delay(options.everyMs ?? 20);
  }
}
