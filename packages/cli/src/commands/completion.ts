import { Argument, type Command } from 'commander';
import { Context, type Runner } from '../context.ts';
import { complete } from '../flows/complete.ts';
import type { Io } from '../io.ts';
import type { GlobalFlags } from '../settings/settings.ts';
import { completionScript, SHELLS, type Shell } from './completion-script.ts';

/** Nobody waits longer for names after a Tab. */
const LOOKUP_MS = 3000;

export function registerCompletion(program: Command, run: Runner, io: Io): void {
  program
    .command('completion')
    .description('Print the completion for a shell, to be read at its start')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(
      run(async (_context, shell: Shell) => {
        const script = completionScript(shell);
        return { json: { shell, script }, text: () => script.trimEnd() };
      }),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => await printCompletion(program, words, io));
}

/** One candidate a line, with a tab before what it is; `:files` where file names fit. */
async function printCompletion(program: Command, words: readonly string[], io: Io): Promise<void> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(LOOKUP_MS)]);
  const context = await Context.open({ ...io, signal }, flagsIn(words)).catch(() => null);
  const lookup = {
    client: () => present(context).client(),
    pod: () => present(context).pod(),
  };
  const { candidates, files } = await complete(program, words, lookup);
  const lines = candidates.map(({ value, description }) =>
    description === '' ? value : `${value}\t${description.replaceAll(/\s+/g, ' ')}`,
  );
  io.stdout.write([...lines, ...(files ? [':files'] : []), ''].join('\n'));
}

/** Names are looked up where the line that is being written says. */
function flagsIn(words: readonly string[]): GlobalFlags {
  const flag = (name: string) => {
    const at = words.lastIndexOf(name);
    return at < 0 || at >= words.length - 2 ? undefined : words[at + 1];
  };
  const [endpoint, apiToken, pod] = [flag('--endpoint'), flag('--api-token'), flag('--pod')];
  return {
    // Nothing is told of attempts: there is no place for it while a line is being written.
    json: true,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(apiToken === undefined ? {} : { apiToken }),
    ...(pod === undefined ? {} : { pod }),
  };
}

function present(context: Context | null): Context {
  if (context === null) throw new Error('The settings cannot be read.');
  return context;
}
