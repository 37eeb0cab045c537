import { type Command, Option } from 'commander';
import type { Runner } from '../context.ts';
import { resourceTable } from './command-text.ts';

export type VersionOptions = { revision?: string; at?: string };

/** Adds the two ways to name an earlier state; one excludes the other. */
export function withVersion(command: Command): Command {
  return command
    .addOption(new Option('--revision <id>', 'as of this revision').conflicts('at'))
    .addOption(new Option('--at <time>', 'as of this instant (ISO 8601)').conflicts('revision'));
}

export function registerResourceList(resource: Command, run: Runner): void {
  withVersion(resource.command('list'))
    .description('List the resources of the pod')
    .action(
      run(async (context, options: VersionOptions) => {
        const resources = await context.client().listResources(context.pod(), options);
        return { json: resources, text: (style) => resourceTable(resources, style) };
      }),
    );
}
