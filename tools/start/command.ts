import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

type CommandOptions = {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Each line of its output and of its errors, as it comes. */
  onLine?: (line: string) => void;
};

const KEPT_LINES = 40;

/** A command ended with an error. `output` holds the last lines it said. */
export class CommandFailed extends Error {
  readonly output: string;
  readonly exitCode: number | null;

  constructor(command: string, exitCode: number | null, output: string) {
    super(`${command} ended with exit code ${exitCode ?? 'none'}:\n${output}`);
    this.output = output;
    this.exitCode = exitCode;
  }
}

/** Runs a command to its end, arguments as they are, no shell. Resolves with its standard output. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const last: string[] = [];
    let output = '';
    const collect = (line: string): void => {
      last.push(line);
      if (last.length > KEPT_LINES) last.shift();
      options.onLine?.(line);
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      collect(line);
    });
    createInterface({ input: child.stderr }).on('line', collect);
    child.once('error', (error) =>
      reject(new Error(`${file} cannot be run: ${error.message}`, { cause: error })),
    );
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new CommandFailed([file, ...args.slice(0, 2)].join(' '), code, last.join('\n')));
    });
  });
}
