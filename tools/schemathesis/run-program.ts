import { spawn } from 'node:child_process';

export type Finished = { code: number; output: string };
type Options = { environment?: Record<string, string>; timeoutMs: number; cwd?: string };

/** Runs a program to its end; gives its exit code (127 where there is no such program) and all that it wrote. */
export function runProgram(command: string, args: readonly string[], options: Options): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', (error) => resolve({ code: 127, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
