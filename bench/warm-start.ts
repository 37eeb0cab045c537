import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

/**
 * Seconds from `npm start` to the example's URL after `engine down`, everything cached; beside the seconds in
 * which the bare engine (`engine up` with nothing to deploy) is ready, measured by turns.
 */
export function measureWarmStart(rounds: number): { start: number[]; up: number[] } {
  const result = { start: [] as number[], up: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    run('packages/cli/bin/brainpod.mjs', ['engine', 'down']);
    result.start.push(run('tools/start.mjs', []));
    run('packages/cli/bin/brainpod.mjs', ['engine', 'down']);
    result.up.push(run('packages/cli/bin/brainpod.mjs', ['engine', 'up']));
  }
  return result;
}

function run(script: string, args: readonly string[]): number {
  const began = performance.now();
  const outcome = spawnSync('node', [path.join(ROOT, script), ...args], { cwd: ROOT, encoding: 'utf8' });
  if (outcome.status !== 0) throw new Error(`${script} ${args.join(' ')}: ${outcome.stderr}`);
  return (performance.now() - began) / 1000;
}
