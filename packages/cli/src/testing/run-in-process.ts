import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCli } from '../run-cli.ts';

export type Outcome = { exitCode: number; stdout: string; stderr: string };

export type World = {
  environment?: Record<string, string>;
  stdin?: string;
  tty?: boolean;
  /** Whether standard input is a terminal too. */
  stdinTty?: boolean;
  /** Raised when the person presses Ctrl-C. */
  signal?: AbortSignal;
  /** Told each line of the output as it is written. What it rejects with fails the run. */
  onLine?: (line: string) => Promise<void>;
};

/** Runs the command line inside the test, with an environment and a standard input of its own. */
export async function runInProcess(args: readonly string[], world: World = {}): Promise<Outcome> {
  const stdout = Object.assign(new PassThrough(), { isTTY: world.tty === true });
  const stderr = Object.assign(new PassThrough(), { isTTY: world.tty === true });
  const said = Promise.all([text(stdout), text(stderr)]);
  const heard: Promise<void>[] = [];
  const { onLine } = world;
  if (onLine !== undefined) {
    stdout.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) heard.push(onLine(line));
    });
  }
  const exitCode = await runCli(args, {
    environment: world.environment ?? {},
    stdin: Object.assign(Readable.from([world.stdin ?? '']), { isTTY: world.stdinTty === true }),
    stdout,
    stderr,
    signal: world.signal ?? new AbortController().signal,
  });
  await Promise.all(heard);
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { exitCode, stdout: out, stderr: err };
}
