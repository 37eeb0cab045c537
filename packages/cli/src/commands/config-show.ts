import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { CONFIG_KEYS, configPath } from '../settings/config-file.ts';
import { table } from '../text/table.ts';

const SHOWN_OF_TOKEN = 10;

export function registerConfigShow(config: Command, run: Runner): void {
  config
    .command('show')
    .description('Show what counts, and where it comes from')
    .action(
      run(async (context) => {
        const shown = CONFIG_KEYS.map((key) => {
          const { value, source } = context.settings[key];
          return { key, value: key === 'api_token' ? masked(value) : value, source };
        });
        return {
          json: {
            path: configPath(context.io.environment),
            ...Object.fromEntries(shown.map(({ key, value, source }) => [key, { value, source }])),
          },
          text: (style) =>
            table(
              style,
              ['KEY', 'VALUE', 'FROM'],
              shown.map(({ key, value, source }) => [key.replaceAll('_', '-'), value ?? '', source ?? '']),
              '',
            ),
        };
      }),
    );
}

/** Enough of a key to tell which one it is. */
function masked(token: string | null): string | null {
  return token === null ? null : `${token.slice(0, SHOWN_OF_TOKEN)}…`;
}
