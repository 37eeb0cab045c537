import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { parseKind } from '../kinds.ts';

export function registerResourceRestart(resource: Command, run: Runner): void {
  resource
    .command('restart')
    .description('Exchange the instances of a resource, without changing anything')
    .argument('<kind>', 'app', parseKind)
    .argument('<name>', 'name of the resource')
    .action(
      run(async (context, kind: string, name: string) => {
        const answer = await context.client().pods.restartResource(context.pod(), kind, name);
        return {
          json: answer,
          text: (style) =>
            [
              `${style.green('✓')} ${kind}/${style.bold(name)} is being restarted. It is locked until that is over.`,
              style.dim(`How it goes: brainpod resource get ${kind.toLowerCase()} ${name}`),
            ].join('\n'),
        };
      }),
    );
}
