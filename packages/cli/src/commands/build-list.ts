import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { cursorIn } from '../flows/find-revision.ts';
import { wholeNumber } from '../kinds.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';
import { buildsOf } from './build-connection.ts';
import { durationText, imageText, paintBuildState, sourceText } from './build-view.ts';

type Options = { cursor?: string; limit: number; repository?: string; branch?: string };

export function registerBuildList(build: Command, run: Runner): void {
  build
    .command('list')
    .description('List the builds of the pod, newest first')
    .option('--cursor <id>', 'go on after this build')
    .option('--limit <count>', 'how many (1 to 100)', wholeNumber(1, 100), 20)
    .option('--repository <name>', 'only those of this source repository, such as octo/shop')
    .option('--branch <name>', 'only those of this branch')
    .action(
      run(async (context, { limit, ...rest }: Options) => {
        const list = await buildsOf(context).listBuilds(
          context.pod(),
          { limit: String(limit), ...rest },
          context.io.signal,
        );
        return {
          json: list,
          text: (style) => {
            const rows = list.items.map((each) => [
              each.id,
              paintBuildState(style, each.state),
              style.bold(imageText(each)),
              sourceText(each),
              localTime(each.createdAt),
              durationText(each, Date.now()),
            ]);
            const header = ['ID', 'STATE', 'IMAGE', 'SOURCE', 'CREATED', 'TOOK'];
            const text = table(
              style,
              header,
              rows,
              'There are no builds. Build a folder: brainpod image build web .',
            );
            const cursor = cursorIn(list._links.next);
            return cursor === null
              ? text
              : `${text}\n${style.dim(`More: brainpod build list --cursor ${cursor}`)}`;
          },
        };
      }),
    );
}
