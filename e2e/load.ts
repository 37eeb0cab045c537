import type { Agent } from 'node:https';
import { get } from './edge.ts';

type LoadResult = {
  sent: number;
  lost: number;
  /** From the first lost request to the first good one after the last lost, in milliseconds; 0 if none was lost. */
  outageMs: number;
  /** What went wrong, with how often. */
  reasons: Record<string, number>;
};

export type Load = { stop(): Promise<LoadResult>; goodSince(at: number): boolean };

/**
 * Sends GETs to `url` over `connections` kept-alive connections, each as soon as the one before has its
 * answer and `pauseMs` have passed, until stopped. A request is lost unless it is answered 200.
 */
export function startLoad(url: string, agent: Agent, connections: number, pauseMs: number): Load {
  const reasons: Record<string, number> = {};
  let [sent, lost, running] = [0, 0, true];
  let [firstLostAt, lastLostAt, goodAfterAt, lastGoodAt] = [0, 0, 0, 0];

  const note = (startedAt: number, reason: string | null) => {
    sent++;
    if (reason === null) {
      lastGoodAt = Math.max(lastGoodAt, startedAt);
      if (lastLostAt > 0 && goodAfterAt < lastLostAt) goodAfterAt = performance.now();
      return;
    }
    lost++;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
    firstLostAt ||= startedAt;
    lastLostAt = performance.now();
  };
  const client = async () => {
    while (running) {
      const startedAt = performance.now();
      try {
        const answer = await get(url, agent, 5_000);
        note(startedAt, answer.status === 200 ? null : `status ${answer.status}`);
      } catch (error) {
        note(
          startedAt,
          error instanceof Error ? ('code' in error && String(error.code)) || error.message : String(error),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const clients = Array.from({ length: connections }, client);
  return {
    goodSince: (at) => lastGoodAt >= at,
    async stop() {
      running = false;
      await Promise.all(clients);
      const outageMs = lost === 0 ? 0 : Math.max(goodAfterAt, lastLostAt) - firstLostAt;
      return { sent, lost, outageMs: Math.round(outageMs), reasons };
    },
  };
}
