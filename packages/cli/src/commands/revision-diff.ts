import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { findRevisionId } from '../flows/find-revision.ts';
import type { Style } from '../text/style.ts';

export function registerRevisionDiff(revision: Command, run: Runner): void {
  revision
    .command('diff')
    .description('Show what a revision changes')
    .argument('<revision>', 'its id or version')
    .option('--base <id>', 'compare with this revision instead of its parent')
    .action(
      run(async (context, named: string, options: { base?: string }) => {
        const client = context.client();
        const pod = context.pod();
        const base = options.base === undefined ? undefined : await findRevisionId(client, pod, options.base);
        const diff = await client.diffRevision(pod, await findRevisionId(client, pod, named), base);
        return {
          json: diff,
          text: (style) => {
            if (diff.entries.length === 0) return 'Nothing differs.';
            return diff.entries
              .map((entry) => {
                const title = `${paintChange(style, entry.changeType)} ${entry.kind}/${style.bold(entry.name)}`;
                return `${title}\n${entry.patch
                  .trimEnd()
                  .split('\n')
                  .map((line) => paintLine(style, line))
                  .join('\n')}`;
              })
              .join('\n\n');
          },
        };
      }),
    );
}

function paintChange(style: Style, change: string): string {
  if (change === 'create') return style.green(change);
  return change === 'delete' ? style.red(change) : style.yellow(change);
}

function paintLine(style: Style, line: string): string {
  if (line.startsWith('@@') || line.startsWith('---') || line.startsWith('+++')) return style.dim(line);
  if (line.startsWith('+')) return style.green(line);
  return line.startsWith('-') ? style.red(line) : line;
}
