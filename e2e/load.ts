import type { Agent } from 'node:https';
import { Tally, type TrafficResult } from '../tools/traffic/tally.ts';
import { get } from './edge.ts';

export type Load = { stop(): Promise<TrafficResult>; goodSince(at: number): boolean };

/**
 * Sends GETs to `url` over `connections` kept-alive connections, each as soon as the one before has its
 * answer and `pauseMs` have passed, until stopped. A request is lost unless it is answered 200.
 */
export function startLoad(url: string, agent: Agent, connections: number, pauseMs: number): Load {
  const tally = new Tally();
  let running = true;
  const client = async () => {
    while (running) {
      const startedAt = performance.now();
      let reason: string | null;
      try {
        const { status } = await get(url, agent, 5_000);
        reason = status === 200 ? null : `status ${status}`;
      } catch (error) {
        reason =
          error instanceof Error ? ('code' in error && String(error.code)) || error.message : String(error);
      }
      tally.note('get', startedAt, reason);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const clients = Array.from({ length: connections }, client);
  return {
    goodSince: (at) => tally.goodSince(at),
    async stop() {
      running = false;
      await Promise.all(clients);
      return tally.result();
    },
  };
}
