import { until } from '../../e2e/brainpod.ts';
import type { TrafficResult } from '../traffic/tally.ts';
import type { Victims } from './victims.ts';

/** Requests that are sent until stopped. */
type Load = { goodSince(at: number): boolean; stop(): Promise<TrafficResult> };

export type Rehearsal = TrafficResult & { what: string; recoveredMs: number };

const RECOVERY_TIMEOUT_MS = 90_000;

/** The head of the table that `rehearsalRow` gives rows for. */
export const TABLE_HEAD =
  '| kill -9 of | requests | lost | outage s | everything ready again s |\n| --- | ---: | ---: | ---: | ---: |';

/** Kills one part under load, and waits until it is back under another pid and everything is as before. */
export async function rehearse(
  victims: Victims,
  { name, what }: { name: string; what: string },
  startLoad: () => Load,
): Promise<Rehearsal> {
  await victims.allReady();
  const victim = await victims.pidOf(name);
  const load = startLoad();
  await until('the load to run', 10_000, async () => load.goodSince(1));
  const killedAt = performance.now();
  process.kill(victim, 'SIGKILL');
  await until(
    `${what} to be back under another pid`,
    RECOVERY_TIMEOUT_MS,
    async () => (await victims.pidOf(name)) !== victim,
  );
  await victims.allReady();
  const recoveredMs = Math.round(performance.now() - killedAt);
  const back = performance.now();
  await until('the app to answer', RECOVERY_TIMEOUT_MS, async () => load.goodSince(back));
  return { what, recoveredMs, ...(await load.stop()) };
}

export function rehearsalRow({ what, sent, lost, outageMs, recoveredMs }: Rehearsal): string {
  return `| ${what} | ${sent} | ${lost} | ${(outageMs / 1000).toFixed(1)} | ${(recoveredMs / 1000).toFixed(1)} |`;
}
