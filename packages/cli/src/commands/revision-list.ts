import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { cursorIn } from '../flows/find-revision.ts';
import { wholeNumber } from '../kinds.ts';
import { paintState } from '../text/style.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

export function registerRevisionList(revision: Command, run: Runner): void {
  revision
    .command('list')
    .description('List the revisions of the pod, newest first')
    .option('--cursor <id>', 'go on after this revision')
    .option('--limit <count>', 'how many (1 to 50)', wholeNumber(1, 50), 10)
    .action(
      run(async (context, options: { cursor?: string; limit: number }) => {
        const list = await context.client().listRevisions(context.pod(), options);
        return {
          json: list,
          text: (style) => {
            const rows = list.items.map((each) => [
              style.bold(String(each.version)),
              paintState(style, each.state),
              [each.isLatest ? 'latest' : '', each.isDeployed ? style.green('live') : '']
                .filter(Boolean)
                .join(', '),
              localTime(each.createdAt),
              each.id,
              each.summary ?? '',
            ]);
            const header = ['VERSION', 'STATE', 'IS', 'CREATED', 'ID', 'SUMMARY'];
            const text = table(style, header, rows, 'There are no revisions.');
            const cursor = cursorIn(list._links.next);
            return cursor === null
              ? text
              : `${text}\n${style.dim(`More: brainpod revision list --cursor ${cursor}`)}`;
          },
        };
      }),
    );
}
