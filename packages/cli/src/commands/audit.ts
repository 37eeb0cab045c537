import type { AuditList } from '@brainpod/api-client/activity-client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { cursorIn } from '../flows/find-revision.ts';
import { wholeNumber } from '../kinds.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

type Entry = AuditList['items'][number];
type Options = { cursor?: string; limit: number };

export function registerAudit(program: Command, run: Runner): void {
  program
    .command('audit')
    .description('Show who did what and when: in the account, or with --pod in that pod')
    .option('--cursor <id>', 'go on after this entry')
    .option('--limit <count>', 'how many (1 to 50)', wholeNumber(1, 50), 20)
    .action(
      run(async (context, options: Options) => {
        const { value, source } = context.settings.pod;
        // A pod of the settings is where one works; the account's log is asked for without naming a pod.
        const pod = source === 'flag' ? value : null;
        const list = await context.client().activity.listAudit(pod, options);
        return {
          json: list,
          text: (style) => {
            const header = ['TIME', 'WHO', 'DID', 'POD', 'TO', 'FROM'];
            const text = table(style, header, list.items.map(entryRow), 'Nothing is recorded.');
            const cursor = cursorIn(list._links.next);
            if (cursor === null) return text;
            const where = pod === null ? '' : ` --pod ${pod}`;
            return `${text}\n${style.dim(`More: brainpod audit${where} --cursor ${cursor}`)}`;
          },
        };
      }),
    );
}

function entryRow(entry: Entry): string[] {
  const who = entry.actor.email ?? entry.actor.keyName ?? 'Brainpod';
  const key = entry.actor.keyName === null || entry.actor.email === null ? '' : ` (${entry.actor.keyName})`;
  return [
    localTime(entry.at),
    `${who}${key}`,
    entry.operation,
    entry.pod ?? '',
    entry.target ?? '',
    entry.address ?? '',
  ];
}
