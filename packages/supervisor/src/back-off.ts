const FIRST_MS = 250;
const LONGEST_MS = 15_000;

/** A process that ran this long counts as healthy: its next failure starts the back-off anew. */
export const STEADY_MS = 30_000;

/** How long to wait before the next start, after this many failures in a row (at least one). */
export function backOffMs(failuresInARow: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failuresInARow - 1, 16));
}
