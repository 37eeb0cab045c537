import type { BlueprintDetail } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { fieldLines } from '../flows/resource-schema.ts';
import type { Style } from '../text/style.ts';
import { facts, table } from '../text/table.ts';

export function registerBlueprintGet(blueprint: Command, run: Runner): void {
  blueprint
    .command('get')
    .description('Show what a blueprint makes, and its inputs')
    .argument('<id>', 'id of the blueprint')
    .action(
      run(async (context, id: string) => {
        const found = await context.client().getBlueprint(id);
        return { json: found, text: (style) => blueprintText(found, style) };
      }),
    );
}

function blueprintText(blueprint: BlueprintDetail, style: Style): string {
  const about = facts(style, [
    ['Blueprint', style.bold(blueprint.id)],
    ['Name', blueprint.name],
    ['Category', blueprint.category],
    ['Version', blueprint.version ?? ''],
    ['Tags', (blueprint.tags ?? []).join(', ')],
    ['What it is', blueprint.description ?? blueprint.tagline ?? ''],
  ]);
  const install = style.dim(`Install it: brainpod blueprint install ${blueprint.id} --name NAME`);
  return [about, inputTable(blueprint, style), blueprint.body.trimEnd(), install].join('\n\n');
}

function inputTable({ inputSchema, defaults }: BlueprintDetail, style: Style): string {
  const rows = fieldLines(inputSchema).map(({ path, type, description }) => [
    style.bold(path),
    type,
    defaultText(defaults[path]),
    description,
  ]);
  return table(style, ['INPUT', 'TYPE', 'DEFAULT', 'WHAT IT IS'], rows, 'It takes no inputs.');
}

/** On one line, as somebody would give it to --set. */
function defaultText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return Array.isArray(value) ? value.join(',') : JSON.stringify(value);
  const [first = '', ...more] = value.trimEnd().split('\n');
  return more.length > 0 ? `${first} …` : first;
}
