import type { Visibility } from '@brainpod/api-client/client';
import { type Command, Option } from 'commander';
import type { Runner } from '../context.ts';
import { wholeNumber } from '../kinds.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

type Options = { search?: string; visibility?: 'all' | Visibility; limit: number; offset: number };

export function registerImageList(image: Command, run: Runner): void {
  image
    .command('list')
    .description('List the container images that the pod may use')
    .option('--search <text>', 'only those that hold this text')
    .addOption(new Option('--visibility <which>', 'whose images').choices(['all', 'public', 'pod']))
    .option('--limit <count>', 'how many (1 to 100)', wholeNumber(1, 100), 25)
    .option('--offset <count>', 'how many to leave out before', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .action(
      run(async (context, { search, visibility, limit, offset }: Options) => {
        const list = await context.client().listImages(context.pod(), {
          ...(search === undefined ? {} : { search }),
          ...(visibility === undefined ? {} : { visibility }),
          limit,
          offset,
        });
        return {
          json: list,
          text: (style) => {
            const rows = list.items.map((each) => [
              style.bold(each.repository),
              each.tag,
              each.visibility,
              each.architectures.join(', '),
              each.createdAt === null ? '' : localTime(each.createdAt),
              each.reference,
            ]);
            const header = ['REPOSITORY', 'TAG', 'WHOSE', 'ARCHITECTURES', 'CREATED', 'REFERENCE'];
            const text = table(style, header, rows, 'There are no such images.');
            const next = offset + list.items.length;
            const more = list._links.next === null ? '' : `\nMore: brainpod image list --offset ${next}`;
            return `${text}\n${style.dim(`${list.items.length} of ${list.total}.${more}`)}`;
          },
        };
      }),
    );
}
