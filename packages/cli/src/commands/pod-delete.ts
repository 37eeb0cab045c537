import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { localTime } from '../text/time.ts';

export function registerPodDelete(pod: Command, run: Runner): void {
  pod
    .command('delete')
    .description('Delete a pod: all of it stops at once; for 7 days it can be restored')
    .argument('<pod>', 'name of the pod')
    .action(
      run(async (context, name: string) => {
        const deleted = await context.client().pods.delete(name);
        return {
          json: deleted,
          text: (style) => {
            const until = deleted.eraseAfter ? ` until ${localTime(deleted.eraseAfter)}` : '';
            return [
              `${style.green('✓')} Pod ${style.bold(name)} is deleted. Nothing of it runs any more.`,
              style.dim(`It can be brought back${until}: brainpod pod restore ${name}`),
            ].join('\n');
          },
        };
      }),
    );
}

export function registerPodRestore(pod: Command, run: Runner): void {
  pod
    .command('restore')
    .description('Bring a deleted pod back as it was')
    .argument('<pod>', 'name of the deleted pod')
    .action(
      run(async (context, name: string) => {
        const restored = await context.client().pods.restore(name);
        return {
          json: restored,
          text: (style) =>
            [
              `${style.green('✓')} Pod ${style.bold(name)} is back. What was deployed starts again.`,
              style.dim(`How it goes: brainpod --pod ${name} resource list`),
            ].join('\n'),
        };
      }),
    );
}
