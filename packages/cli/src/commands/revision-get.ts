import type { RevisionDetail } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { findRevisionId } from '../flows/find-revision.ts';
import { paintState, type Style } from '../text/style.ts';
import { facts } from '../text/table.ts';
import { localTime } from '../text/time.ts';
import { resourceTable } from './command-text.ts';

export function registerRevisionGet(revision: Command, run: Runner): void {
  revision
    .command('get')
    .description('Show one revision with its resources')
    .argument('<revision>', 'its id or version')
    .action(
      run(async (context, named: string) => {
        const client = context.client();
        const pod = context.pod();
        const found = await client.getRevision(pod, await findRevisionId(client, pod, named));
        return { json: found, text: (style) => revisionDetailText(found, style) };
      }),
    );
}

export function revisionDetailText(revision: RevisionDetail, style: Style): string {
  const is = [revision.isLatest ? 'latest' : '', revision.isDeployed ? 'live' : '']
    .filter(Boolean)
    .join(', ');
  const head = facts(style, [
    ['Revision', `${style.bold(String(revision.version))} ${style.dim(revision.id)}`],
    ['State', `${paintState(style, revision.state)}${is === '' ? '' : ` (${is})`}`],
    ['Summary', revision.summary ?? ''],
    ...(revision.error === null ? [] : [['Error', style.red(revision.error)] as [string, string]]),
    ['Parent', revision.parent ?? ''],
    ['Checksum', revision.checksum ?? ''],
    ['Created', localTime(revision.createdAt)],
  ]);
  return `${head}\n\n${resourceTable(revision.resources, style)}`;
}
