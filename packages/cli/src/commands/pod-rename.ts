import type { Command } from 'commander';
import type { Runner } from '../context.ts';

export function registerPodRename(pod: Command, run: Runner): void {
  pod
    .command('rename')
    .description("Change a pod's display name; the name that addresses are made of stays")
    .argument('<pod>', 'name of the pod')
    .argument('<display-name>', 'the new name for people; "" for none')
    .action(
      run(async (context, name: string, displayName: string) => {
        const changed = await context.client().pods.rename(name, displayName === '' ? null : displayName);
        return {
          json: changed,
          text: (style) =>
            `${style.green('✓')} Pod ${style.bold(name)} is shown as ${changed.displayName ?? name} now.`,
        };
      }),
    );
}
