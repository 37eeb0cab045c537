import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import { type Assignment, blueprintInput } from '../flows/blueprint-input.ts';
import { mutationText } from './command-text.ts';

type Options = { file?: string; name?: string; set?: Assignment[] };

export function registerBlueprintInstall(blueprint: Command, run: Runner): void {
  blueprint
    .command('install')
    .description('Add the resources of a blueprint to the draft, all or none')
    .argument('<id>', 'id of the blueprint')
    .option('-f, --file <file>', 'YAML or JSON with inputs; - reads standard input')
    .option('--name <name>', 'what the names of its resources begin with')
    .option('--set <key=value>', 'one input, may be repeated; lists with commas', collect)
    .action(
      run(async (context, id: string, options: Options) => {
        const client = context.client();
        const pod = context.pod();
        const input = await blueprintInput(options, {
          io: context.io,
          schema: async () => (await client.getBlueprint(id)).inputSchema,
        });
        const answer = await client.installBlueprint(pod, id, input);
        return { json: answer, text: (style) => mutationText(answer, style) };
      }),
    );
}

function collect(text: string, before: Assignment[] = []): Assignment[] {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Must be key=value.');
  return [...before, { name, value }];
}
