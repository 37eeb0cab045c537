import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';
import { stateOf } from './key-text.ts';

export function registerKeyList(key: Command, run: Runner): void {
  key
    .command('list')
    .description('List the API keys of the account')
    .action(
      run(async (context) => {
        const keys = await context.client().keys.list();
        const time = (instant: string | null) => (instant === null ? '' : localTime(instant));
        return {
          json: keys,
          text: (style) =>
            table(
              style,
              ['NAME', 'STATE', 'LAST USED', 'EXPIRES', 'CREATED', 'ID'],
              keys.map((each) => [
                style.bold(each.name),
                stateOf(each, style),
                time(each.lastUsedAt),
                time(each.expiresAt),
                time(each.createdAt),
                each.id,
              ]),
              'There are no keys.',
            ),
        };
      }),
    );
}
