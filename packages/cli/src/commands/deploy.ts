import type { DeploymentAccepted } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { paintState, type Style } from '../text/style.ts';
import { DEFAULT_TIMEOUT_SECONDS, timeoutSeconds, waitAndShow } from './revision-wait.ts';

type Options = { summary?: string; plan?: string; wait?: boolean; timeout?: number };

export function registerDeploy(program: Command, run: Runner): void {
  program
    .command('deploy')
    .description('Deploy the draft of the pod')
    .option('--summary <text>', 'what this deployment is about')
    .option('--plan <tag>', 'only if it does what the plan with this tag said (see brainpod plan)')
    .option('--wait', 'wait until it is deployed and healthy')
    .option(
      '--timeout <seconds>',
      `with --wait: give up after this long (default: ${DEFAULT_TIMEOUT_SECONDS})`,
      timeoutSeconds,
    )
    .action(
      run(async (context, options: Options) => {
        if (options.timeout !== undefined && options.wait !== true) {
          throw new CliFailure('--timeout needs --wait.', { exitCode: 2 });
        }
        const accepted = await context.client().deploy(context.pod(), options.summary, options.plan);
        if (options.wait !== true) return { json: accepted, text: (style) => acceptedText(accepted, style) };
        return await waitAndShow(context, accepted.revisionId, options.timeout ?? DEFAULT_TIMEOUT_SECONDS);
      }),
    );
}

export function registerRedeploy(program: Command, run: Runner): void {
  program
    .command('redeploy')
    .description('Try the newest revision again after it failed')
    .action(
      run(async (context) => {
        const accepted = await context.client().redeploy(context.pod());
        return { json: accepted, text: (style) => acceptedText(accepted, style) };
      }),
    );
}

export function acceptedText(accepted: DeploymentAccepted, style: Style): string {
  const lines = [`Revision ${accepted.revisionId} is ${paintState(style, accepted.state)}.`];
  if (accepted.error !== null) lines.push(style.red(accepted.error));
  lines.push(style.dim(`Follow it with: brainpod revision wait ${accepted.revisionId}`));
  return lines.join('\n');
}
