/**
 * Sends a running server all that its description allows, and much that it forbids, and looks at what it answers
 * (schemathesis). `--examples N`: how many requests an operation gets in each phase, 8 by default; `--seed N` repeats a
 * run; `--report FILE` writes the dated result as Markdown; `--verbose` shows what is shown of a failed run. The last line is JSON: `{passed, failed: [name]}`.
 * Needs the engine's binaries: BRAINPOD_ENGINE_BIN, or they are built.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installSchemathesis, type Schemathesis } from './install.ts';
import { type Outcome, readReport, reportText } from './report.ts';
import { runProgram } from './run-program.ts';
import { type Described, settingsFor } from './settings.ts';
import { startTarget, type Target } from './target.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
type Description = {
  paths: Record<string, Record<string, { responses?: Record<string, { content?: object }> }>>;
};

const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete']);
const LOG_CHARACTERS = 8000;
const LONGEST_RUN_MS = 4 * 3600 * 1000;

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    report: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const program = await installSchemathesis((line) => console.log(line));
const scratch = await mkdtemp(path.join(tmpdir(), 'brainpod-schemathesis-'));
let target: Target | null = null;
try {
  target = await startTarget(process.env.BRAINPOD_ENGINE_BIN ?? builtEngine());
  const began = performance.now();
  const outcome = await attack(program, target, scratch);
  const text = reportText(outcome, {
    at: new Date(),
    commit: git(['rev-parse', '--short', 'HEAD']),
    seconds: (performance.now() - began) / 1000,
    examples: Number(values.examples),
    seed: values.seed,
    version: (await versionOf(program)).replace(',', ''),
  });
  console.log(text);
  if (values.report !== undefined) await writeFile(values.report, text);
  if (outcome.failed.length > 0) console.log(`Errors in the server's log:\n${errorsIn(target.log())}`);
  console.log(JSON.stringify({ passed: outcome.passed.length, failed: outcome.failed }));
  process.exitCode = outcome.failed.length === 0 ? 0 : 1;
} finally {
  await target?.remove();
  await rm(scratch, { recursive: true, force: true });
}

async function attack(schemathesis: Schemathesis, at: Target, directory: string): Promise<Outcome> {
  const answer = await fetch(`${at.origin}/v1/openapi.json`);
  // A parse boundary: this is the document that the API itself makes.
  const description = (await answer.json()) as Description;
  const operations = operationsIn(description);
  const settings = path.join(directory, 'schemathesis.toml');
  const report = path.join(directory, 'report.json');
  await writeFile(settings, settingsFor(at, operations));
  const { code, output } = await runProgram(
    schemathesis.command,
    [
      ...schemathesis.args,
      ...['--config-file', settings, 'run', `${at.origin}/v1/openapi.json`],
      ...['--phases', 'examples,coverage,fuzzing,stateful', '--mode', 'all'],
      // With more workers, Python 3.11 sometimes loses count of its own recursion.
      ...['--workers', '1', '--max-examples', values.examples, '--seed', values.seed],
      ...['--continue-on-failure', '--generation-database', 'none', '--no-color'],
      ...['--report', 'json', '--report-json-path', report],
    ],
    { environment: schemathesis.environment, timeoutMs: LONGEST_RUN_MS, cwd: directory },
  );
  if (code !== 0 || values.verbose) console.log(output);
  const names = operations.map(({ name }) => name);
  const outcome = readReport({ operations: names, code, report: await readFile(report, 'utf8') });
  if (!(await isStillThere(at))) outcome.failed.push('the run took away its own key or pod: it says nothing');
  return outcome;
}

async function isStillThere({ origin, apiKey, pods }: Target): Promise<boolean> {
  const headers = { authorization: `Bearer ${apiKey}` };
  return (await fetch(`${origin}/v1/pods/${pods.live}`, { headers })).ok;
}

/** The operations as they are named in reports: `GET /v1/pods`. */
function operationsIn(description: Description): Described[] {
  return Object.entries(description.paths).flatMap(([url, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.has(method))
      .map(([method, { responses }]) => ({
        name: `${method.toUpperCase()} ${url}`,
        isStream: Object.keys(responses?.['200']?.content ?? {}).includes('text/event-stream'),
      })),
  );
}

/** The lines of pino's levels error and fatal. */
function errorsIn(log: string): string {
  const lines = log.split('\n').filter((line) => /^\{"level":[56]0,/.test(line));
  return lines.join('\n').slice(-LOG_CHARACTERS) || 'none';
}

async function versionOf({ command, args, environment }: Schemathesis): Promise<string> {
  const { output } = await runProgram(command, [...args, '--version'], { environment, timeoutMs: 60_000 });
  return output.trim();
}

function git(args: string[]): string {
  return spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout.trim();
}

function builtEngine(): string {
  const { stdout, status } = spawnSync(process.execPath, [path.join(ROOT, 'tools/engine-build.ts')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('the engine could not be built; see above');
  return String(JSON.parse(stdout).binDir);
}
