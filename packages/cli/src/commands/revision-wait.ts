import type { RevisionDetail } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { findRevisionId } from '../flows/find-revision.ts';
import { waitForRevision } from '../flows/wait-for-revision.ts';
import { wholeNumber } from '../kinds.ts';
import type { Style } from '../text/style.ts';
import { detailOf } from './command-text.ts';
import { waitView } from './wait-view.ts';

export const DEFAULT_TIMEOUT_SECONDS = 90;
export const timeoutSeconds = wholeNumber(1, 86_400);

export function registerRevisionWait(revision: Command, run: Runner): void {
  revision
    .command('wait')
    .description('Wait until a revision is deployed and everything in it is healthy')
    .argument('<revision>', 'its id or version')
    .option('--timeout <seconds>', 'give up after this long', timeoutSeconds, DEFAULT_TIMEOUT_SECONDS)
    .action(
      run(async (context, named: string, options: { timeout: number }) => {
        const id = await findRevisionId(context.client(), context.pod(), named);
        return await waitAndShow(context, id, options.timeout);
      }),
    );
}

/** Waits, shows on stderr how it goes on, and ends with where the apps are reached. */
export async function waitAndShow(context: Context, revisionId: string, seconds: number): Promise<Result> {
  const view = context.json ? null : waitView(context.io);
  try {
    const revision = await waitForRevision({
      client: context.client(),
      pod: context.pod(),
      revisionId,
      timeoutMs: seconds * 1000,
      onEvent: (event) => view?.show(event),
      signal: context.io.signal,
    });
    return { json: revision, text: (style) => liveText(revision, style) };
  } finally {
    view?.done();
  }
}

function liveText(revision: RevisionDetail, style: Style): string {
  const urls = revision.resources.filter(({ content }) => content.kind === 'Route').map(detailOf);
  return [
    `${style.green('✓')} Revision ${style.bold(String(revision.version))} is deployed and healthy.`,
    ...urls.map((url) => `  ${style.cyan(url)}`),
  ].join('\n');
}
