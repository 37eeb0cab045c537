import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { podFacts } from './command-text.ts';

export function registerPodCreate(pod: Command, run: Runner): void {
  pod
    .command('create')
    .description('Make a new pod; its name is given by the platform')
    .option('--display-name <text>', 'a name for people')
    .option('--cluster <id>', 'where it runs, for good (see brainpod cluster list)')
    .action(
      run(async (context, options: { displayName?: string; cluster?: string }) => {
        const made = await context.client().createPod(options.displayName, options.cluster);
        return {
          json: made,
          text: (style) =>
            `${podFacts(made, style)}\n\n${style.dim(`Work in it by default: brainpod config set pod ${made.name}`)}`,
        };
      }),
    );
}
