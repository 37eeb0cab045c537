import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { findRevisionId } from '../flows/find-revision.ts';

export function registerRevisionCancel(revision: Command, run: Runner): void {
  revision
    .command('cancel')
    .description('Stop a revision that is on its way, or set the draft aside')
    .argument('<revision>', 'its id or version')
    .action(
      run(async (context, named: string) => {
        const client = context.client();
        const pod = context.pod();
        const canceled = await client.cancelRevision(pod, await findRevisionId(client, pod, named));
        return {
          json: canceled,
          text: (style) =>
            [
              `${style.green('✓')} Revision ${canceled.revisionId} is canceled. What was deployed before it runs.`,
              style.dim(`What it held: brainpod revision get ${canceled.revisionId}`),
            ].join('\n'),
        };
      }),
    );
}
