import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { table } from '../text/table.ts';

export function registerClusterList(cluster: Command, run: Runner): void {
  cluster
    .command('list')
    .description('List the clusters that pods can run in')
    .action(
      run(async (context) => {
        const clusters = await context.client().listClusters();
        return {
          json: clusters,
          text: (style) =>
            table(
              style,
              ['ID', 'PROVIDER', 'REGION', 'ARCHITECTURES'],
              clusters.map((each) => [
                each.id,
                each.provider ?? '',
                each.region ?? '',
                each.architectures.join(', '),
              ]),
              'There are no clusters.',
            ),
        };
      }),
    );
}
