import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { table } from '../text/table.ts';

export function registerBlueprintList(blueprint: Command, run: Runner): void {
  blueprint
    .command('list')
    .description('List the blueprints that can be installed')
    .action(
      run(async (context) => {
        const blueprints = await context.client().listBlueprints();
        return {
          json: blueprints,
          text: (style) =>
            table(
              style,
              ['ID', 'NAME', 'CATEGORY', 'VERSION', 'WHAT IT IS'],
              blueprints.map((each) => [
                style.bold(each.id),
                each.name,
                each.category,
                each.version ?? '',
                each.tagline ?? '',
              ]),
              'There are no blueprints.',
            ),
        };
      }),
    );
}
