import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { paintState } from '../text/style.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

export function registerPodList(pod: Command, run: Runner): void {
  pod
    .command('list')
    .description('List your pods')
    .option('--deleted', 'those that were deleted and can be restored')
    .action(
      run(async (context, options: { deleted?: boolean }) => {
        if (options.deleted === true) return await deletedPods(context);
        const pods = await context.client().listPods();
        return {
          json: pods,
          text: (style) =>
            table(
              style,
              ['NAME', 'DISPLAY NAME', 'HEAD', 'STATE', 'DEPLOYED', 'CREATED'],
              pods.map((each) => [
                style.bold(each.name),
                each.displayName ?? '',
                String(each.head.version),
                paintState(style, each.head.status),
                each.deployed === null ? '' : String(each.deployed.version),
                localTime(each.createdAt),
              ]),
              'There are no pods yet. Make one with: brainpod pod create',
            ),
        };
      }),
    );
}

async function deletedPods(context: Context): Promise<Result> {
  const pods = await context.client().pods.listDeleted();
  return {
    json: pods,
    text: (style) =>
      table(
        style,
        ['NAME', 'DISPLAY NAME', 'DELETED', 'ERASED AFTER'],
        pods.map((each) => [
          style.bold(each.name),
          each.displayName ?? '',
          each.deletedAt ? localTime(each.deletedAt) : '',
          each.eraseAfter ? localTime(each.eraseAfter) : '',
        ]),
        'No pod can be restored.',
      ),
  };
}
