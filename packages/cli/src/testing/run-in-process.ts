import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCli } from '../run-cli.ts';

export type Outcome = { exitCode: number; stdout: string; stderr: string };

/** Runs the command line inside the test, with an environment and a standard input of its own. */
export async function runInProcess(
  args: readonly string[],
  world: { environment?: Record<string, string>; stdin?: string; tty?: boolean } = {},
): Promise<Outcome> {
  const stdout = Object.assign(new PassThrough(), { isTTY: world.tty === true });
  const stderr = Object.assign(new PassThrough(), { isTTY: world.tty === true });
  const said = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await runCli(args, {
    environment: world.environment ?? {},
    stdin: Readable.from([world.stdin ?? '']),
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { exitCode, stdout: out, stderr: err };
}
