import { readImageStatement } from '@brainpod/builder/execute/image-statement';
import { PROVENANCE_TYPE } from '@brainpod/builder/execute/provenance';
import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';

export function registerImageProvenance(image: Command, run: Runner): void {
  image
    .command('provenance')
    .description('Print where an image that was built on the platform comes from, as an in-toto statement')
    .argument('<repository>', 'its repository')
    .argument('<tag>', 'its tag')
    .action(run(provenance));
}

async function provenance(context: Context, repository: string, tag: string): Promise<Result> {
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
      PROVENANCE_TYPE,
    );
    if (statement !== null) return { json: statement, text: () => JSON.stringify(statement, null, 2) };
  }
  throw new CliFailure(
    `Nothing is said of where ${repository}:${tag} comes from. Images that the platform builds have it: \`brainpod image build\`.`,
  );
}
