import type { Resource } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { openUrl } from '../flows/open-url.ts';

export function registerOpen(program: Command, run: Runner): void {
  program
    .command('open')
    .description('Open the address of a route in the browser')
    .argument('[route]', 'name of the route; may be left out where there is only one')
    .option('--no-browser', 'only show the address')
    .action(
      run(async (context, name: string | undefined, options: { browser: boolean }) => {
        const url = urlOf(await context.client().listResources(context.pod()), name);
        const opened = options.browser && (await openUrl(url, context.io.environment));
        return {
          json: { url, opened },
          text: (style) => `${opened ? `${style.green('✓')} Opened ` : ''}${style.cyan(url)}`,
        };
      }),
    );
}

function urlOf(resources: readonly Resource[], name: string | undefined): string {
  const routes = resources.flatMap(({ content }) => (content.kind === 'Route' ? [content] : []));
  const names = routes.map(({ metadata }) => metadata.name).join(', ');
  const [only, ...others] =
    name === undefined ? routes : routes.filter(({ metadata }) => metadata.name === name);
  if (only === undefined) {
    const what = name === undefined ? 'This pod has no route.' : `This pod has no route "${name}".`;
    const advice =
      names === '' ? 'How one is written: brainpod describe resource route' : `There is: ${names}`;
    throw new CliFailure(what, { advice });
  }
  if (others.length > 0) throw new CliFailure(`Which route? There is: ${names}.`, { exitCode: 2 });
  return `https://${only.spec.hostname}/`;
}
