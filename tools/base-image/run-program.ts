import { spawn } from 'node:child_process';

const KEPT_LINES = 15;

/**
 * Runs a program with an argument array, hands each line it says to `onLine` and gives back what it printed to
 * stdout. Throws with its last words where it fails.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    input?: string;
    onLine?: (line: string) => void;
  } = {},
): Promise<string> {
  const child = spawn(file, args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  let output = '';
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      said.push(line);
      if (said.length > KEPT_LINES) said.shift();
      options.onLine?.(line);
    }
  });
  // A program that ends without reading its input closes the pipe; its exit code tells the story.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'));
  });
  if (code !== 0) throw new Error(`${file} failed (${code}):\n${[...said, rest].join('\n').trim()}`);
  return output;
}
