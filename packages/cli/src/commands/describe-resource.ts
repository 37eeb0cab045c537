import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { type FieldLine, fieldLines, kindsIn, readResourceSchemas } from '../flows/resource-schema.ts';
import { KIND_NAMES, parseKind } from '../kinds.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';

export function registerDescribeResource(describe: Command, run: Runner): void {
  describe
    .command('resource')
    .description('Show which fields a kind of resource has')
    .argument('[kind]', `one of ${KIND_NAMES.join(', ')}`, parseKind)
    .action(
      run(async (context, kind: string | undefined) => {
        const schemas = await readResourceSchemas(schemaUrl(context));
        if (kind === undefined) {
          const kinds = kindsIn(schemas);
          return { json: { kinds }, text: (style) => kindsText(kinds, style) };
        }
        const schema = schemas.get(kind);
        if (schema === undefined) {
          throw new CliFailure(
            `This API does not know the kind ${kind}. It knows: ${kindsIn(schemas).join(', ')}.`,
          );
        }
        return { json: schema, text: (style) => schemaText(kind, fieldLines(schema), style) };
      }),
    );
}

function schemaUrl(context: Context): string {
  const explicit = context.io.environment.BRAINPOD_OPENAPI_URL?.trim();
  return explicit || new URL('/v1/openapi.json', context.endpoint()).href;
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
