/**
 * npm run check: everything that can be said about the code without running it.
 * Each check prints its name and seconds; the output of a failed one follows.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export type CheckResult = { name: string; ok: boolean; seconds: number; output: string };

const ROOT = join(import.meta.dirname, '..');

const CHECKS: readonly { name: string; command: string; args: string[]; cwd?: string }[] = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'format and lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'dead code', command: 'knip', args: [] },
  {
    name: 'import rules',
    command: 'vitest',
    args: ['run', '--project', 'unit', 'tools/architecture.test.ts'],
  },
  { name: 'go format', command: 'gofmt', args: ['-l', '.'], cwd: 'engine' },
];

/** Runs every check, two at a time, and reports each as it ends. */
export async function runChecks(report: (result: CheckResult) => void): Promise<CheckResult[]> {
  const waiting = [...CHECKS];
  const results: CheckResult[] = [];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const result = await runCheck(check);
      results.push(result);
      report(result);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

function runCheck(check: (typeof CHECKS)[number]): Promise<CheckResult> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(check.command, check.args, {
      cwd: join(ROOT, check.cwd ?? '.'),
      env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      // gofmt tells of unformatted files by naming them, not by its exit code.
      const ok = code === 0 && (check.command !== 'gofmt' || output === '');
      resolve({ name: check.name, ok, seconds: (performance.now() - started) / 1000, output });
    });
  });
}

/** One line for a result, with the output below it where the check failed. */
export function describeResult(result: CheckResult): string {
  const line = `${result.ok ? 'ok  ' : 'FAIL'} ${result.name.padEnd(18)} ${result.seconds.toFixed(1)} s`;
  return result.ok ? line : `${line}\n${result.output.trimEnd()}`;
}

if (import.meta.main) {
  const results = await runChecks((result) => console.log(describeResult(result)));
  const failed = results.filter((result) => !result.ok).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
