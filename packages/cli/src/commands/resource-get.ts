import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { Runner } from '../context.ts';
import { describe, phaseOf } from '../flows/resource-state.ts';
import { parseKind } from '../kinds.ts';
import { paintState } from '../text/style.ts';
import { facts } from '../text/table.ts';
import { type VersionOptions, withVersion } from './resource-list.ts';

export function registerResourceGet(resource: Command, run: Runner): void {
  withVersion(resource.command('get'))
    .description('Show one resource with its document and state')
    .argument('<kind>', 'app, config, route, …', parseKind)
    .argument('<name>', 'name of the resource')
    .action(
      run(async (context, kind: string, name: string, options: VersionOptions) => {
        const found = await context.client().getResource(context.pod(), kind, name, options);
        return {
          json: found,
          text: (style) => {
            const head = facts(style, [
              ['URN', found.urn],
              ['State', paintState(style, phaseOf(found))],
              ['Healthy', found.healthy ? style.green('yes') : style.red('no')],
              ...(describe(found) === '' ? [] : [['Instances', describe(found)] as [string, string]]),
            ]);
            return `${head}\n\n${stringify(found.content).trimEnd()}`;
          },
        };
      }),
    );
}
