import { type Command, InvalidArgumentError } from 'commander';
import type { Context, Runner } from '../context.ts';
import { readDocument } from '../documents.ts';
import { CliFailure } from '../failure.ts';
import { newKeyText } from './key-text.ts';

type Options = { policy?: string; allow?: string[]; pods?: string[]; expires?: string };

const DAY_MS = 86_400_000;

export function registerKeyCreate(key: Command, run: Runner): void {
  key
    .command('create')
    .description('Make an API key; it may do no more than the key that makes it')
    .argument('<name>', 'what it is for')
    .option('--allow <actions>', 'what it may do, with commas: pods:read,revisions:deploy', commaList)
    .option('--pods <names>', 'with --allow: in which pods, with commas (default: all)', commaList)
    .option('--policy <file>', 'a whole policy, as YAML or JSON; - reads standard input')
    .option('--expires <when>', 'in so many days, such as 30d, or a date', parseExpiry)
    .action(
      run(async (context, name: string, options: Options) => {
        const made = await context.client().keys.create({
          name,
          policy: await policyOf(context, options),
          ...(options.expires === undefined ? {} : { expiresAt: options.expires }),
        });
        return { json: made, text: (style) => newKeyText(made, style) };
      }),
    );
}

/** As the options say, else that of the key in use. */
async function policyOf(context: Context, options: Options): Promise<unknown> {
  if (options.policy !== undefined && options.allow !== undefined)
    throw new CliFailure('Either --policy or --allow, not both.', { exitCode: 2 });
  if (options.pods !== undefined && options.allow === undefined)
    throw new CliFailure('--pods needs --allow.', { exitCode: 2 });
  if (options.policy !== undefined) return await readDocument(options.policy, context.io);
  if (options.allow === undefined) return (await context.client().currentUser()).policy;
  const resources = (options.pods ?? ['*']).map((pod) => `urn:brain:pod:${pod}`);
  return { version: '1', statements: [{ sid: 'cli', effect: 'allow', actions: options.allow, resources }] };
}

function commaList(text: string): string[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  if (parts.length > 0) return parts;
  throw new InvalidArgumentError('At least one.');
}

function parseExpiry(text: string): string {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const at = days === undefined ? new Date(text) : new Date(Date.now() + Number(days) * DAY_MS);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new InvalidArgumentError('Days such as 30d, or a date such as 2027-01-31.');
}
