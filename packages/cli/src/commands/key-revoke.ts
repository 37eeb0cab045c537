import type { Command } from 'commander';
import type { Runner } from '../context.ts';

export function registerKeyRevoke(key: Command, run: Runner): void {
  key
    .command('revoke')
    .description('Make an API key worthless, at once and for ever')
    .argument('<key>', 'id of the key')
    .action(
      run(async (context, id: string) => {
        const revoked = await context.client().keys.revoke(id);
        return {
          json: revoked,
          text: (style) => `${style.green('✓')} Key ${style.bold(revoked.name)} is revoked.`,
        };
      }),
    );
}
