import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { configPath } from '../settings/config-file.ts';

export function registerConfigPath(config: Command, run: Runner): void {
  config
    .command('path')
    .description('Show where the config file is')
    .action(
      run(async (context) => {
        const path = configPath(context.io.environment);
        return { json: { path }, text: () => path };
      }),
    );
}
