import type { RevisionDetail } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { type WaitEvent, waitForRevision } from '../flows/wait-for-revision.ts';
import { wholeNumber } from '../kinds.ts';
import { paintState, type Style } from '../text/style.ts';
import { seconds } from '../text/time.ts';
import { detailOf } from './command-text.ts';

export const DEFAULT_TIMEOUT_SECONDS = 90;
export const timeoutSeconds = wholeNumber(1, 86_400);

export function registerRevisionWait(revision: Command, run: Runner): void {
  revision
    .command('wait')
    .description('Wait until a revision is deployed and everything in it is healthy')
    .argument('<revision>', 'id of the revision')
    .option('--timeout <seconds>', 'give up after this long', timeoutSeconds, DEFAULT_TIMEOUT_SECONDS)
    .action(
      run(
        async (context, id: string, options: { timeout: number }) =>
          await waitAndShow(context, id, options.timeout),
      ),
    );
}

/** Waits with a line for each change on stderr, and ends with where the apps are reached. */
export async function waitAndShow(context: Context, revisionId: string, seconds: number): Promise<Result> {
  const revision = await waitForRevision({
    client: context.client(),
    pod: context.pod(),
    revisionId,
    timeoutMs: seconds * 1000,
    onEvent: (event) => context.progress((style) => waitLine(event, style)),
    signal: context.io.signal,
  });
  return { json: revision, text: (style) => liveText(revision, style) };
}

export function waitLine(event: WaitEvent, style: Style): string {
  const time = style.dim(seconds(event.elapsedMs).padStart(7));
  const detail = event.detail === '' ? '' : `  ${style.dim(event.detail)}`;
  return `${time}  ${event.subject}  ${paintState(style, event.state)}${detail}`;
}

function liveText(revision: RevisionDetail, style: Style): string {
  const urls = revision.resources.filter(({ content }) => content.kind === 'Route').map(detailOf);
  return [
    `${style.green('✓')} Revision ${style.bold(String(revision.version))} is deployed and healthy.`,
    ...urls.map((url) => `  ${style.cyan(url)}`),
  ].join('\n');
}
