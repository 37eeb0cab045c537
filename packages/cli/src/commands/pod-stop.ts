import type { Command } from 'commander';
import type { Runner } from '../context.ts';

export function registerPodStop(pod: Command, run: Runner): void {
  pod
    .command('stop')
    .description('Stop all instances of a pod; everything else stays as it is')
    .argument('[pod]', 'name of the pod')
    .action(
      run(async (context, named: string | undefined) => {
        const name = named ?? context.pod();
        const stopped = await context.client().pods.stop(name);
        return {
          json: stopped,
          text: (style) =>
            [
              `${style.green('✓')} Pod ${style.bold(name)} is stopped. Its addresses, data and revisions stay.`,
              style.dim(`Start it again: brainpod pod start ${name}`),
            ].join('\n'),
        };
      }),
    );
}

export function registerPodStart(pod: Command, run: Runner): void {
  pod
    .command('start')
    .description('Start a stopped pod again')
    .argument('[pod]', 'name of the pod')
    .action(
      run(async (context, named: string | undefined) => {
        const name = named ?? context.pod();
        const started = await context.client().pods.start(name);
        return {
          json: started,
          text: (style) =>
            [
              `${style.green('✓')} Pod ${style.bold(name)} starts again.`,
              style.dim(`How it goes: brainpod --pod ${name} resource list`),
            ].join('\n'),
        };
      }),
    );
}
