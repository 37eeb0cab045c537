import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { readDocuments } from '../documents.ts';
import { mutationText } from './command-text.ts';

export function registerResourceCreate(resource: Command, run: Runner): void {
  resource
    .command('create')
    .description('Create resources in the draft, all or none')
    .requiredOption('-f, --file <file>', 'YAML or JSON, also several documents; - reads standard input')
    .option('--dry-run', 'only check them')
    .action(
      run(async (context, options: { file: string; dryRun?: boolean }) => {
        const documents = await readDocuments(options.file, context.io);
        const dryRun = options.dryRun === true;
        const answer = await context.client().createResources(context.pod(), documents, { dryRun });
        return {
          json: answer,
          text: (style) => {
            if ('resources' in answer) return mutationText(answer, style);
            const what =
              documents.length === 1
                ? 'The resource is valid.'
                : `All ${documents.length} resources are valid.`;
            return `${style.green('✓')} ${what} Nothing was created.`;
          },
        };
      }),
    );
}
