import type { PullKey } from '@brainpod/api-client/operator-client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

export function registerRegistryPullKeys(pullKeys: Command, run: Runner): void {
  pullKeys
    .command('list')
    .description("Operator's: list the keys that are accepted, and how many pods wait for a newer one")
    .action(
      run(async (context) => {
        const keys = await context.client().operator.listPullKeys();
        return {
          json: keys,
          text: (style) =>
            table(
              style,
              ['KEY', 'MADE', 'PODS', 'ACCEPTED'],
              keys.map((key, index) => [
                style.bold(String(key.id)),
                localTime(key.madeAt),
                String(key.pods),
                acceptedText(key, index === keys.length - 1),
              ]),
              'There are no keys.',
            ),
        };
      }),
    );
  pullKeys
    .command('rotate')
    .description("Operator's: replace the key now; no App is restarted, and no fetch that is under way fails")
    .action(
      run(async (context) => {
        const made = await context.client().operator.rotatePullKey();
        return {
          json: made,
          text: (style) =>
            [
              `${style.green('✓')} Pods are given passwords of key ${style.bold(String(made.id))}.`,
              style.dim('Until when the others are accepted: brainpod registry pull-keys list'),
            ].join('\n'),
        };
      }),
    );
}

function acceptedText({ refusedAfter }: PullKey, isNewest: boolean): string {
  if (isNewest) return 'it is the newest';
  return refusedAfter === null ? 'until its pods have a newer one' : `until ${localTime(refusedAfter)}`;
}
