/**
 * `npm run verify gateway-conformance`: holds the embedded edge against the Gateway API's conformance suite, on a bare
 * engine in a network namespace, and writes docs/results/gateway-conformance.md and .yaml. `--gateways merged` does the
 * same with one Envoy for all Gateways, which the suite cannot even prepare (ADR 16); `--core` runs no extended tests. Both only print.
 * `--log FILE` keeps all that the suite says. Needs root, and the engine's programs: BRAINPOD_ENGINE_BIN and
 * BRAINPOD_ENVOY_BINARY, or they are built. The last line is JSON: `{passed, failed: [name]}`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BareEngine, enginePrograms, type GatewayMode } from '../bare-engine.ts';
import { cacheDirectory } from '../start/engine-key.mjs';
import { ensureSuite, type Suite } from './build.ts';
import { CORE_FEATURES, EXTENDED_FEATURES } from './features.ts';
import { writeImageArchive } from './image-archive.ts';
import { judge, page, readSuiteReport, readTests } from './results.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RESULTS = process.env.BRAINPOD_TEST_RESULTS ?? path.join(ROOT, 'docs/results');
// Container storage must not lie on a file system in memory, as the scratch directory may.
const DIRECTORY = '/var/tmp/brainpod-conformance';
const NAME = 'brainpod-conformance';
const LONGEST_RUN = '60m';
const LAST_LINES = 5;

const { values } = parseArgs({
  options: {
    gateways: { type: 'string', default: 'separate' },
    core: { type: 'boolean', default: false },
    log: { type: 'string', default: path.join(tmpdir(), 'brainpod-conformance.log') },
  },
});
const gateways = modeOf(values.gateways);
const programs = enginePrograms();
const suite = await ensureSuite(cacheDirectory(process.env, homedir()), (text) => console.log(text));
const cluster = new BareEngine({ name: NAME, index: 6, programs, directory: DIRECTORY, gateways });
try {
  await cluster.start();
  await importImages(suite);
  const began = performance.now();
  const output = await runSuite(suite);
  const tests = readTests(output);
  const suiteReport = path.join(DIRECTORY, 'report.yaml');
  if (!existsSync(suiteReport)) {
    const last = output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
    throw new Error(
      `the suite wrote no report: its preparation failed. See ${values.log}, which ends:\n${last}`,
    );
  }
  const report = readSuiteReport(await readFile(suiteReport, 'utf8'));
  const text = page(tests, report, {
    at: new Date(),
    commit: capture('git', ['rev-parse', '--short', 'HEAD']),
    versions: await versions(suite),
    seconds: (performance.now() - began) / 1000,
  });
  console.log(text);
  if (gateways === 'separate' && !values.core) {
    await writeFile(path.join(RESULTS, 'gateway-conformance.md'), text);
    await copyFile(suiteReport, path.join(RESULTS, 'gateway-conformance.yaml'));
  }
  const { ok, faults } = judge(tests, report);
  for (const fault of faults) console.log(`FAULT ${fault}`);
  const failed = tests.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
  console.log(JSON.stringify({ passed: tests.filter(({ outcome }) => outcome === 'passed').length, failed }));
  process.exitCode = ok ? 0 : 1;
} finally {
  await cluster.remove();
}

function modeOf(text: string): GatewayMode {
  if (text === 'merged' || text === 'separate') return text;
  throw new Error(`--gateways must be merged or separate, not ${text}`);
}

/** The suite's images, made of the programs that they are about: nothing is pulled. */
async function importImages({ echo, images }: Suite): Promise<void> {
  for (const { command, program } of [
    { command: 'echo-basic', program: echo },
    { command: 'coredns', program: path.join(programs.binDir, 'coredns') },
  ]) {
    const names = images.filter((name) => name.includes(`/${command}:`));
    const archive = path.join(DIRECTORY, `${command}.tar`);
    await writeImageArchive(archive, { program, command, names, folder: path.join(DIRECTORY, 'image') });
    await cluster.importImages(archive);
  }
}

/** Resolves with all that it says, whatever comes out. */
async function runSuite({ program }: Suite): Promise<string> {
  const features = values.core ? CORE_FEATURES : [...CORE_FEATURES, ...EXTENDED_FEATURES];
  const [command, args] = cluster.wrap(program, [
    ...['-test.v', `-test.timeout=${LONGEST_RUN}`, '-test.run=^TestConformance$'],
    ...[`--gateway-class=${cluster.gatewayClass}`, '--conformance-profiles=GATEWAY-HTTP'],
    `--supported-features=${features.join(',')}`,
    ...['--organization=brainpod', '--project=brainpod', '--url=https://brainpod.io', '--contact=none'],
    `--version=${await brainpodVersion()}`,
    `--report-output=${path.join(DIRECTORY, 'report.yaml')}`,
  ]);
  const child = spawn(command, args, {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  await writeFile(values.log, output);
  console.log(`all that the suite said: ${values.log}`);
  return output;
}

async function versions({ version }: Suite): Promise<Record<string, string>> {
  const modules = await readFile(path.join(ROOT, 'engine/go.mod'), 'utf8');
  const required = (name: string) => modules.match(new RegExp(`${name} (v\\S+)`))?.[1] ?? 'unknown';
  return {
    suite: version,
    'Gateway API': required('sigs.k8s.io/gateway-api'),
    'Envoy Gateway': required('github.com/envoyproxy/gateway'),
    Envoy: capture(programs.envoyBinary, ['--version']).match(/\/(\d+\.\d+\.\d+)\//)?.[1] ?? 'unknown',
    Kubernetes: required('k8s.io/kubernetes'),
  };
}

async function brainpodVersion(): Promise<string> {
  return String(JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')).version);
}

function capture(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8' }).trim();
}
