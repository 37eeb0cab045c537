import { type Command, CommanderError } from 'commander';
import type { Situation } from './advice.ts';
import { runnerFor } from './context.ts';
import { exitCodeOf, failureJson, failureText } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { dashboardOf } from './settings/dashboard.ts';
import { styleFor } from './text/style.ts';

/**
 * Runs the command line and gives its exit code: 0 done, 1 failed, 2 the arguments were wrong. `extend` may add
 * commands before anything is parsed.
 */
export async function runCli(
  args: readonly string[],
  io: Io,
  extend: (program: Command) => void = () => undefined,
): Promise<number> {
  const situation: Situation = { command: '', pod: null, endpoint: null };
  const program = buildProgram(runnerFor(io, situation), io);
  extend(program);
  const asJson = args.includes('--json');
  prepare(program, io, asJson);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return parseOutcome(error, io, asJson);
    const text = asJson
      ? failureJson(
          error,
          new URL('/onboarding?upgrade=1', dashboardOf(io.environment, situation.endpoint)).href,
        )
      : failureText(error, styleFor(io.stderr, io.environment), situation);
    io.stderr.write(`${text}\n`);
    return exitCodeOf(error);
  }
}

/** Commander gives up by throwing, and writes to our streams. */
function prepare(command: Command, io: Io, asJson: boolean): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => {
      if (!asJson) io.stderr.write(text);
    },
  });
  for (const inner of command.commands) prepare(inner, io, asJson);
}

function parseOutcome(error: CommanderError, io: Io, asJson: boolean): number {
  if (error.exitCode === 0) return 0;
  if (asJson) io.stderr.write(`${failureJson(new Error(error.message.replace(/^error: /, '')))}\n`);
  return 2;
}
