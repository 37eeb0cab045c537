import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { podFacts } from './command-text.ts';

export function registerPodGet(pod: Command, run: Runner): void {
  pod
    .command('get')
    .description('Show one pod')
    .argument('<pod>', 'name of the pod')
    .action(
      run(async (context, name: string) => {
        const found = await context.client().getPod(name);
        return { json: found, text: (style) => podFacts(found, style) };
      }),
    );
}
