import type { Cluster } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { table } from '../text/table.ts';

type ListedCluster = Cluster & { name?: string; country?: string | null };

export function registerClusterList(cluster: Command, run: Runner): void {
  cluster
    .command('list')
    .description('List the clusters that pods can run in')
    .option('--registered', "operator's: all that is known of each")
    .action(
      run(async (context, options: { registered?: boolean }) => {
        const client = context.client();
        const clusters: ListedCluster[] =
          options.registered === true ? await client.operator.listClusters() : await client.listClusters();
        return {
          json: clusters,
          text: (style) =>
            table(
              style,
              ['ID', 'NAME', 'PROVIDER', 'COUNTRY', 'REGION', 'ARCHITECTURES'],
              clusters.map((each) => [
                each.id,
                each.name ?? '',
                each.provider ?? '',
                each.country ?? '',
                each.region ?? '',
                each.architectures.join(', '),
              ]),
              'There are no clusters.',
            ),
        };
      }),
    );
}
