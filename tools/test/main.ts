/**
 * The second half of npm test, on Node 24: checks, Go tests, unit and integration tests, requests
 * of every kind against a running server, and end-to-end tests, then one
 * closing line "N passed, N failed". Arguments name the kinds to run; none means all. After a single kind, further
 * arguments choose among its files by a part of their paths: npm test -- e2e walls.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { describeResult, runChecks } from '../check.ts';

import { ensureGoProgram } from '../go-programs.ts';
import { checkOperationTable } from '../operation-table/check.ts';
import { PEBBLE } from '../pebble/pebble.ts';
import { ensureRegistryClients } from '../registry-clients/clients.ts';
import { REGISTRY_CONFORMANCE } from '../registry-conformance/suite.ts';
import { findMissingPackages, installPackages } from '../start/debian-packages.ts';
import { cacheDirectory } from '../start/engine-key.mjs';
import { checkWalls } from '../walls-table/check.ts';
import { runEndToEnd } from './end-to-end.ts';
import { summarize, type Tally, tallyGo, tallyVitest } from './tally.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const KINDS = ['check', 'go', 'unit', 'integration', 'schemathesis', 'e2e'] as const;
type Kind = (typeof KINDS)[number];
const VITEST_KINDS: readonly Kind[] = ['unit', 'integration', 'e2e'];

/** What the tests look at the machine with, beyond what the platform needs. */
const TEST_PACKAGES = ['curl', 'procps'];
type Engine = { binDir: string; envoyBinary: string };

const scratch = await mkdtemp(path.join(tmpdir(), 'brainpod-test-'));
try {
  const { wanted, files } = parseArguments(process.argv.slice(2));
  const tallies = await runKinds(wanted, files);
  const { text, ok } = summarize(tallies);
  console.log(`\n${text}`);
  process.exitCode = ok ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

function parseArguments(args: readonly string[]): { wanted: readonly Kind[]; files: readonly string[] } {
  if (args.length === 0) return { wanted: KINDS, files: [] };
  const wanted = KINDS.filter((kind) => args.includes(kind));
  const files = args.filter((argument) => !KINDS.some((kind) => kind === argument));
  const [kind] = wanted;
  if (files.length > 0 && (wanted.length !== 1 || kind === undefined || !VITEST_KINDS.includes(kind)))
    throw new Error(`unknown kind of test: ${files.join(', ')}; there are ${KINDS.join(', ')}`);
  return { wanted, files };
}

/** The quick kinds come first, so that a simple mistake is told before the engine has been built. */
async function runKinds(wanted: readonly Kind[], files: readonly string[]): Promise<Tally[]> {
  const tallies: Tally[] = [];
  const step = async (kind: Kind, run: () => Promise<Tally>) => {
    if (!wanted.includes(kind)) return;
    const began = performance.now();
    console.log(`\n== ${kind}`);
    tallies.push(await run());
    console.log(`== ${kind}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  };
  await step('check', runCheckKind);
  await step('unit', () => runVitest('unit', { files }));
  if (wanted.some((kind) => kind !== 'check' && kind !== 'unit')) {
    await ensureDebianPackages();
    const engine = await buildEngine();
    await step('go', runGo);
    // One asks and waits for its answer, the other waits for time-outs: side by side they take little longer.
    await Promise.all([
      step('integration', () => runIntegration(engine, files)),
      step('schemathesis', () => runSchemathesis(engine)),
    ]);
    await step('e2e', async () =>
      runEndToEnd({
        engine,
        pebble: await pebbleProgram(),
        runVitest: (environment, wrap) => runVitest('e2e', { environment, wrap, files }),
      }),
    );
  }
  const inOrder = KINDS.flatMap((kind) => tallies.filter((tally) => tally.kind === kind));
  return files.length === 0 ? [...inOrder, await runWallsCheck(wanted)] : inOrder;
}

/** Whether every wall that the documentation names was seen to hold, as far as its tests were run. */
async function runWallsCheck(wanted: readonly Kind[]): Promise<Tally> {
  const kinds = (['integration', 'e2e'] as const).filter((kind) => wanted.includes(kind));
  const faults = await checkWalls(new Map(kinds.map((kind) => [kind, reportOf(kind)])));
  return { kind: 'walls', passed: faults.length === 0 ? 1 : 0, failed: faults, skipped: [] };
}

async function runCheckKind(): Promise<Tally> {
  const results = await runChecks((result) => console.log(describeResult(result)));
  const names = (ok: boolean) => results.filter((result) => result.ok === ok).map((result) => result.name);
  return { kind: 'check', passed: names(true).length, failed: names(false), skipped: [] };
}

async function runGo(): Promise<Tally> {
  const lines: string[] = [];
  let rest = '';
  await run('go', ['test', '-trimpath', '-json', './cmd/engine/...', './internal/...'], {
    cwd: path.join(ROOT, 'engine'),
    env: { CGO_ENABLED: '0' },
    onOutput: (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
    },
  });
  const tally = tallyGo('go', lines);
  if (tally.failed.length > 0) console.log(goOutput(lines));
  return tally;
}

function goOutput(lines: readonly string[]): string {
  return lines
    .map((line) => (line.startsWith('{') ? String(JSON.parse(line).Output ?? '') : `${line}\n`))
    .join('');
}

/** The ACME authority that tests ask for certificates. */
function pebbleProgram(): Promise<string> {
  return ensureGoProgram(PEBBLE, cacheDirectory(process.env, homedir()), (text) => console.log(text));
}

/** The integration tests, and whether they prove of every operation all that it may answer. */
async function runIntegration(engine: Engine, files: readonly string[]): Promise<Tally> {
  const cacheDir = cacheDirectory(process.env, homedir());
  const conformance = await ensureGoProgram(REGISTRY_CONFORMANCE, cacheDir, (text) => console.log(text));
  // Their test finds them in the cache.
  await ensureRegistryClients(cacheDir, (text) => console.log(text));
  const tally = await runVitest('integration', {
    environment: {
      BRAINPOD_ENGINE_BIN: engine.binDir,
      BRAINPOD_REGISTRY_CONFORMANCE: conformance,
      BRAINPOD_PEBBLE: await pebbleProgram(),
    },
    files,
  });
  if (files.length > 0) return tally;
  const faults = await checkOperationTable(reportOf('integration'), { write: false });
  tally.failed.push(...faults.map((fault) => `operations: ${fault}`));
  return tally;
}

type VitestRun = {
  files: readonly string[];
  environment?: Record<string, string>;
  wrap?: (command: string, args: readonly string[]) => [string, string[]];
};

async function runVitest(project: string, { files, environment, wrap }: VitestRun): Promise<Tally> {
  const report = reportOf(project);
  const node = path.join(ROOT, 'node_modules/.bin/node');
  const vitest = [
    path.join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    // Also those that belong to it: e2e-beside.
    `${project}*`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...files,
  ];
  const [command, args] = wrap?.(node, vitest) ?? [node, vitest];
  const code = await run(command, args, { cwd: ROOT, env: environment ?? {} });
  const tally = tallyVitest(project, JSON.parse(await readFile(report, 'utf8')));
  // An error outside any test, such as one that nobody waited for, fails the run but no test.
  if (code !== 0 && tally.failed.length === 0)
    tally.failed.push(`${project}: an error outside any test, see above`);
  return tally;
}

/** The small run, of the same requests each time; npm run verify makes the large one, of others each time. */
async function runSchemathesis(engine: Engine): Promise<Tally> {
  let output = '';
  await run(process.execPath, [path.join(ROOT, 'tools/schemathesis/run.ts'), '--seed', '1'], {
    cwd: ROOT,
    env: { BRAINPOD_ENGINE_BIN: engine.binDir },
    onOutput: (chunk) => {
      output += chunk;
    },
  });
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  // A run that broke off has no last line of JSON.
  const told: { passed: number; failed: string[] } = last.startsWith('{"passed"')
    ? JSON.parse(last)
    : { passed: 0, failed: ['it broke off'] };
  if (told.failed.length > 0) console.log(output);
  return { kind: 'schemathesis', ...told, skipped: [] };
}

function reportOf(project: string): string {
  return path.join(scratch, `${project}.json`);
}

async function buildEngine(): Promise<Engine> {
  let output = '';
  const code = await run(process.execPath, [path.join(ROOT, 'tools/engine-build.ts')], {
    cwd: ROOT,
    env: {},
    onOutput: (chunk) => {
      output += chunk;
    },
  });
  if (code !== 0) throw new Error('the engine could not be built; see above');
  return JSON.parse(output);
}

type RunOptions = { cwd: string; env: Record<string, string>; onOutput?: (chunk: string) => void };

/** Runs a program to its end and gives its exit code; its output is shown unless somebody takes it. */
function run(command: string, args: readonly string[], options: RunOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', options.onOutput ? 'pipe' : 'inherit', 'inherit'],
    });
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => options.onOutput?.(chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function ensureDebianPackages(): Promise<void> {
  const missing = await findMissingPackages(TEST_PACKAGES);
  if (missing.length === 0) return;
  console.log(`installing Debian packages: ${missing.join(', ')}`);
  await installPackages(missing, (line) => console.log(`  ${line}`));
}
