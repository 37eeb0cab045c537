import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { paintState } from '../text/style.ts';
import { table } from '../text/table.ts';
import { certificateText, todoLines } from './domain-text.ts';

export function registerDomainList(domain: Command, run: Runner): void {
  domain
    .command('list')
    .description('List the own domains of a pod, how far each has come, and the records to set')
    .argument('[pod]', 'name of the pod')
    .action(
      run(async (context, named: string | undefined) => {
        const domains = await context.client().domains.list(named ?? context.pod());
        return {
          json: domains,
          text: (style) => {
            const overview = table(
              style,
              ['DOMAIN', 'STATE', 'ROUTE', 'CERTIFICATE'],
              domains.map((each) => [
                style.bold(each.domain),
                paintState(style, each.state),
                each.route,
                certificateText(each),
              ]),
              'This pod has no own domains. They are named in spec.domains of a Route.',
            );
            const todo = domains.flatMap((each) => {
              const lines = todoLines(each, style);
              return lines.length === 0 ? [] : ['', style.bold(each.domain), ...lines];
            });
            return [overview, ...todo].join('\n');
          },
        };
      }),
    );
}
