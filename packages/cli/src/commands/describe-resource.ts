import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import {
  type FieldLine,
  fieldLines,
  kindsIn,
  type ResourceSchemas,
  readResourceSchemas,
} from '../flows/resource-schema.ts';
import { KIND_NAMES } from '../kinds.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';
import { describeCommand, describedText, findCommand, visibleCommands } from './describe.ts';

const PRODUCTION = 'https://api.brainpod.io';

export function registerDescribeResource(describe: Command, program: Command, run: Runner): void {
  describe
    .command('resource')
    .description('Show which fields a kind of resource has')
    .argument('[kind]', `one of ${KIND_NAMES.join(', ')}`)
    .action(
      run(async (context, named: string | undefined) => {
        // "describe resource list" is about the command.
        const command = named === undefined ? undefined : subcommand(program, named);
        if (command !== undefined) {
          const described = describeCommand(command);
          return { json: described, text: (style) => describedText(described, style) };
        }
        return resourceResult(await readResourceSchemas(schemaUrl(context)), named);
      }),
    );
}

function subcommand(program: Command, name: string): Command | undefined {
  return visibleCommands(findCommand(program, ['resource'])).find((each) => each.name() === name);
}

function resourceResult({ source, schemas }: ResourceSchemas, named: string | undefined): Result {
  const kinds = kindsIn(schemas);
  if (named === undefined) return { json: { source, kinds }, text: (style) => kindsText(kinds, style) };
  const kind = kinds.find((each) => each.toLowerCase() === named.toLowerCase());
  if (kind === undefined) {
    throw new CliFailure(`There is no kind "${named}". There is: ${kinds.join(', ')}.`, { exitCode: 2 });
  }
  const schema = schemas.get(kind);
  return { json: { source, kind, schema }, text: (style) => schemaText(kind, fieldLines(schema), style) };
}

/** The settings' endpoint is not asked: this is about what can be written, and needs no sign-in anywhere. */
function schemaUrl(context: Context): string {
  const explicit = context.io.environment.BRAINPOD_OPENAPI_URL?.trim();
  if (explicit) return explicit;
  const { value, source } = context.settings.endpoint;
  return new URL('/v1/openapi.json', source === 'flag' && value !== null ? context.endpoint() : PRODUCTION)
    .href;
}

function kindsText(kinds: readonly string[], style: Style): string {
  return [
    ...kinds.map((kind) => style.bold(kind)),
    style.dim('The fields of one: brainpod describe resource app'),
  ].join('\n');
}

function schemaText(kind: string, lines: readonly FieldLine[], style: Style): string {
  const rows = lines.map((line) => [
    line.path,
    line.type,
    line.required ? style.yellow('required') : style.dim('optional'),
    line.description,
  ]);
  return `${style.bold(kind)}\n\n${table(style, ['FIELD', 'TYPE', '', 'WHAT IT IS'], rows, 'No fields.')}`;
}
