import type { Visibility } from '@brainpod/api-client/client';
import { type Command, Option } from 'commander';
import type { Runner } from '../context.ts';
import { facts, table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

const PROVENANCE = 'https://slsa.dev/provenance/';
const SBOM = 'https://spdx.dev/';

export function registerImageInspect(image: Command, run: Runner): void {
  image
    .command('inspect')
    .description('Show one container image with its variants')
    .argument('<repository>', 'its repository')
    .argument('<tag>', 'its tag')
    .addOption(new Option('--visibility <which>', 'whose image').choices(['public', 'pod']).default('pod'))
    .action(
      run(async (context, repository: string, tag: string, options: { visibility: Visibility }) => {
        const { visibility } = options;
        const image = await context.client().inspectImage(context.pod(), { visibility, repository, tag });
        return {
          json: image,
          text: (style) => {
            const head = facts(style, [
              ['Image', style.bold(`${image.repository}:${image.tag}`)],
              ['Reference', image.reference],
              ['Whose', `${image.visibility} (${image.namespace})`],
            ]);
            const variants = table(
              style,
              ['ARCHITECTURE', 'USER', 'PORTS', 'CREATED', 'PROVENANCE', 'SBOM', 'DIGEST'],
              image.variants.map((each) => [
                each.architecture,
                `${each.uid ?? '-'}:${each.gid ?? '-'}`,
                each.exposedPorts.join(', '),
                localTime(each.createdAt),
                ...[PROVENANCE, SBOM].map((said) =>
                  each.attestations.some((kind) => kind.startsWith(said)) ? 'yes' : '-',
                ),
                each.digest,
              ]),
              'No variants.',
            );
            return `${head}\n\n${variants}`;
          },
        };
      }),
    );
}
