import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { facts, table } from '../text/table.ts';

export function registerWhoami(program: Command, run: Runner): void {
  program
    .command('whoami')
    .description('Show whose API key is used and what it may do')
    .action(
      run(async (context) => {
        const user = await context.client().currentUser();
        return {
          json: user,
          text: (style) => {
            const pods = (urns: readonly string[]) =>
              urns.map((urn) => urn.replace('urn:brain:pod:', '')).join(', ');
            const statements = table(
              style,
              ['STATEMENT', 'EFFECT', 'ACTIONS', 'PODS'],
              (user.policy?.statements ?? []).map((each) => [
                each.sid,
                each.effect === 'deny' ? style.red(each.effect) : style.green(each.effect),
                each.actions.join(', '),
                pods(each.resources),
              ]),
              'No statements.',
            );
            const permissions = table(
              style,
              ['ACTION', 'PODS', 'EXCEPT'],
              user.permissions.map((each) => [
                each.action,
                pods(each.resources),
                pods(each.excludedResources),
              ]),
              'No permissions.',
            );
            const who = facts(style, [
              ['Email', user.email === null ? '' : style.bold(user.email)],
              ['Policy', user.policy === null ? 'none' : `version ${user.policy.version}`],
              ...Object.entries(user._links).map(([rel, { href }]): [string, string] => [
                rel,
                style.dim(href),
              ]),
            ]);
            return `${who}\n\n${statements}\n\n${permissions}`;
          },
        };
      }),
    );
}
