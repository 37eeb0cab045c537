import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { paintState } from '../text/style.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

export function registerPodList(pod: Command, run: Runner): void {
  pod
    .command('list')
    .description('List your pods')
    .action(
      run(async (context) => {
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
