import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { newKeyText } from './key-text.ts';

export function registerKeyRoll(key: Command, run: Runner): void {
  key
    .command('roll')
    .description('Give an API key a new secret; the old one is dead at once')
    .argument('<key>', 'id of the key')
    .action(
      run(async (context, id: string) => {
        const rolled = await context.client().keys.roll(id);
        return {
          json: rolled,
          text: (style) =>
            [
              newKeyText(rolled, style),
              style.dim('If this program used it: brainpod config set api-token SECRET'),
            ].join('\n'),
        };
      }),
    );
}
