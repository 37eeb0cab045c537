import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { findRevisionId } from '../flows/find-revision.ts';
import { acceptedText } from './deploy.ts';
import { DEFAULT_TIMEOUT_SECONDS, timeoutSeconds, waitAndShow } from './revision-wait.ts';

type Options = { summary?: string; discardDraft?: boolean; wait?: boolean; timeout?: number };

export function registerRollback(program: Command, run: Runner): void {
  program
    .command('rollback')
    .description('Make an earlier revision live again, as a new revision')
    .argument('<revision>', 'its id, its version, or -1 for the deployment before the live one, -2, …')
    .option('--summary <text>', 'what this deployment is about')
    .option('--discard-draft', 'set aside changes that are in the draft; they stay readable as a revision')
    .option('--wait', 'wait until it is deployed and healthy')
    .option(
      '--timeout <seconds>',
      `with --wait: give up after this long (default: ${DEFAULT_TIMEOUT_SECONDS})`,
      timeoutSeconds,
    )
    .action(
      run(async (context, named: string, options: Options) => {
        if (options.timeout !== undefined && options.wait !== true) {
          throw new CliFailure('--timeout needs --wait.', { exitCode: 2 });
        }
        const client = context.client();
        const pod = context.pod();
        const accepted = await client.rollback(pod, {
          revision: await findRevisionId(client, pod, named),
          ...(options.summary === undefined ? {} : { summary: options.summary }),
          ...(options.discardDraft === true ? { discardDraft: true } : {}),
        });
        if (options.wait !== true) return { json: accepted, text: (style) => acceptedText(accepted, style) };
        return await waitAndShow(context, accepted.revisionId, options.timeout ?? DEFAULT_TIMEOUT_SECONDS);
      }),
    );
}
