import type { Variable } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { parseKind } from '../kinds.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';
import { type VersionOptions, withVersion } from './resource-list.ts';

export function registerResourceVariables(resource: Command, run: Runner): void {
  withVersion(resource.command('variables'))
    .description("List what an app's env can refer to: of the pod, or of one resource")
    .argument('[kind]', 'app, config, route, …', parseKind)
    .argument('[name]', 'name of the resource')
    .action(
      run(async (context, kind: string | undefined, name: string | undefined, options: VersionOptions) => {
        const client = context.client();
        if (kind === undefined) {
          const list = await client.listVariables(context.pod(), options);
          return { json: list, text: (style) => variableTable(list.items, style) };
        }
        if (name === undefined) throw new CliFailure('The name is missing too.', { exitCode: 2 });
        const found = await client.getResource(context.pod(), kind, name, options);
        return { json: found, text: (style) => variableTable(found.variables ?? [], style) };
      }),
    );
}

function variableTable(variables: readonly Variable[], style: Style): string {
  return table(
    style,
    ['NAME', 'WRITE', 'VALUE', 'WHAT IT IS'],
    variables.map((each) => [each.name, style.bold(each.ref), shownValue(each, style), each.description]),
    'There are no variables.',
  );
}

function shownValue({ secret, resolved, value }: Variable, style: Style): string {
  if (!resolved) return style.dim('not known yet');
  return secret ? style.dim('secret') : (value ?? '');
}
