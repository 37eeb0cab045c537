import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { readDocument } from '../documents.ts';
import { parseKind } from '../kinds.ts';
import { mutationText } from './command-text.ts';

export function registerResourceReplace(resource: Command, run: Runner): void {
  resource
    .command('replace')
    .description('Replace a resource in the draft by a whole new document')
    .argument('<kind>', 'app, config, route, …', parseKind)
    .argument('<name>', 'name of the resource')
    .requiredOption('-f, --file <file>', 'YAML or JSON; - reads standard input')
    .action(
      run(async (context, kind: string, name: string, options: { file: string }) => {
        const document = await readDocument(options.file, context.io);
        const mutation = await context.client().replaceResource(context.pod(), kind, name, document);
        return { json: mutation, text: (style) => mutationText(mutation, style) };
      }),
    );
}
