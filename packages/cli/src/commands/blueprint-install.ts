import type { BrainpodClient, ResourceMutation } from '@brainpod/api-client/client';
import { ApiFailure } from '@brainpod/api-client/failure';
import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import { type Assignment, blueprintInput } from '../flows/blueprint-input.ts';
import type { Style } from '../text/style.ts';
import { changedText, mutationText } from './command-text.ts';

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
        const hindrances = context.json ? [] : await hindrancesOf(client, pod, answer);
        return { json: answer, text: (style) => installedText(answer, hindrances, style) };
      }),
    );
}

type Hindrance = { path: string; message: string };

/** What of the new resources forbids a deploy, such as kinds that do not run here yet; nothing where the plan may not be read. */
async function hindrancesOf(
  client: BrainpodClient,
  pod: string,
  { resources }: ResourceMutation,
): Promise<Hindrance[]> {
  const places = resources.map(({ content }) => `${content.kind}/${content.metadata.name}`);
  try {
    const { faults } = await client.getPlan(pod);
    return faults.filter(({ path }) =>
      places.some((place) => path === place || path.startsWith(`${place}.`)),
    );
  } catch (error) {
    // It is installed all the same, and a deploy says the same.
    if (error instanceof ApiFailure) return [];
    throw error;
  }
}

function installedText(answer: ResourceMutation, hindrances: readonly Hindrance[], style: Style): string {
  if (hindrances.length === 0) return mutationText(answer, style);
  return [
    changedText(answer, style),
    ...hindrances.map(({ path, message }) => `${style.red('✗')} ${style.bold(path)}: ${message}`),
    style.red('It cannot be deployed as it is.'),
  ].join('\n');
}

function collect(text: string, before: Assignment[] = []): Assignment[] {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Must be key=value.');
  return [...before, { name, value }];
}
