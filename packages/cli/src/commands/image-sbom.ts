import { readImageStatement } from '@brainpod/builder/execute/image-statement';
import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { table } from '../text/table.ts';

/** What ours hold of SPDX (packages/sbom/src/spdx.ts), as far as it is shown. */
type Listed = {
  name?: string;
  versionInfo?: string;
  sourceInfo?: string;
  externalRefs?: { referenceLocator?: string }[];
};

const SPDX_TYPE = 'https://spdx.dev/Document';

export function registerImageSbom(image: Command, run: Runner): void {
  image
    .command('sbom')
    .description('Show the packages in an image that was built on the platform; --json: as SPDX')
    .argument('<repository>', 'its repository')
    .argument('<tag>', 'its tag')
    .action(run(sbom));
}

async function sbom(context: Context, repository: string, tag: string): Promise<Result> {
  const pod = context.pod();
  const { variants } = await context.client().inspectImage(pod, { visibility: 'pod', repository, tag });
  for (const { digest } of variants) {
    const statement = await readImageStatement(
      {
        registryEndpoint: context.registryEndpoint(),
        repository: `${pod}/${repository}`,
        reference: digest,
        apiKey: context.apiKey(),
      },
      SPDX_TYPE,
    );
    if (statement !== null) return shown(statement);
  }
  throw new CliFailure(
    `Nothing is said of what is in ${repository}:${tag}. Images that the platform builds have it: \`brainpod image build\`.`,
  );
}

function shown(statement: unknown): Result {
  // Anybody who may push to the pod may have written it.
  const document: unknown = Object(statement).predicate;
  const packages: unknown = Object(document).packages;
  const rows = (Array.isArray(packages) ? packages : []).flatMap((each: Listed) => {
    const { name = '', versionInfo = '', sourceInfo = '', externalRefs } = Object(each) as Listed;
    const [, type] = /^pkg:(\w+)\//.exec(externalRefs?.[0]?.referenceLocator ?? '') ?? [];
    return type === undefined ? [] : [[type, name, versionInfo, sourceInfo.replace(/^found in /, '')]];
  });
  return {
    json: document,
    text: (style) =>
      table(style, ['TYPE', 'PACKAGE', 'VERSION', 'FOUND IN'], rows, 'No packages were found in it.'),
  };
}
