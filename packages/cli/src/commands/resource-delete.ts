import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { parseKind } from '../kinds.ts';

export function registerResourceDelete(resource: Command, run: Runner): void {
  resource
    .command('delete')
    .description('Remove a resource from the draft')
    .argument('<kind>', 'app, config, route, …', parseKind)
    .argument('<name>', 'name of the resource')
    .action(
      run(async (context, kind: string, name: string) => {
        const mutation = await context.client().deleteResource(context.pod(), kind, name);
        return {
          json: mutation,
          text: (style) =>
            [
              `${style.green('✓')} ${kind}/${style.bold(name)} is removed from the draft ${style.dim(`(revision ${mutation.revisionId})`)}`,
              style.dim('It keeps running until the draft is deployed: brainpod deploy --wait'),
            ].join('\n'),
        };
      }),
    );
}
