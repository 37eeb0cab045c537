/**
 * `npm run verify walls`: the list of cases of network policies, each with its result, and what they cost, written to
 * docs/results/walls.md. Needs root and nft: pods are network namespaces.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const RESULTS = process.env.BRAINPOD_TEST_RESULTS ?? path.join(ROOT, 'docs/results');

type Event = { Action: string; Test?: string; Output?: string };
type Case = { name: string; result: string };

const cases = readCases(go(['test', '-trimpath', '-count=1', '-json', './internal/netpolicy']));
const figures = readFigures(
  go([
    'test',
    '-trimpath',
    '-run=^$',
    '-bench=Throughput|Exchange',
    '-benchtime=20000x',
    './internal/netpolicy',
  ]) +
    go(['test', '-trimpath', '-run=^$', '-bench=Compile|Load', './internal/netpolicy']) +
    go(['test', '-trimpath', '-run=^$', '-bench=Claim', './internal/walls'], ['unshare', '--net']),
);
const failed = cases.filter(({ result }) => result !== 'pass');
writeFileSync(path.join(RESULTS, 'walls.md'), report());
console.log(`${cases.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 && cases.length > 0 ? 0 : 1;

function go(args: readonly string[], wrap: readonly string[] = []): string {
  const [command = 'go', ...rest] = [...wrap, 'go', ...args];
  const { stdout, error } = spawnSync(command, rest, {
    cwd: path.join(ROOT, 'engine'),
    encoding: 'utf8',
    env: { ...process.env, CGO_ENABLED: '0' },
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error) throw error;
  return stdout;
}

/** The tests that look at a kernel: the cases, and the others by their own names. */
function readCases(lines: string): Case[] {
  const ended = lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    // What `go test -json` writes.
    .map((line) => JSON.parse(line) as Event)
    .filter(({ Action, Test }) => Test !== undefined && ['pass', 'fail', 'skip'].includes(Action));
  return ended
    .map(({ Action, Test = '' }) => ({ name: Test, result: Action }))
    .filter(({ name }) => name.includes('/') || !ended.some(({ Test }) => Test?.startsWith(`${name}/`)))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Each metric's median over the rounds of a benchmark, by "benchmark metric". */
function readFigures(text: string): Map<string, number> {
  const all = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const match = /^Benchmark(\S+?)(?:-\d)?-\d+\s+\d+\s+(.*)$/.exec(line);
    for (const [, value = '', unit = ''] of (match?.[2] ?? '').matchAll(/([\d.]+) (\S+)/g)) {
      const key = `${match?.[1]} ${unit}`;
      all.set(key, [...(all.get(key) ?? []), Number(value)]);
    }
  }
  return new Map([...all].map(([key, values]) => [key, median(values)]));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function figure(key: string): number {
  const found = figures.get(key);
  if (found === undefined) throw new Error(`there is no figure ${key}: ${[...figures.keys()].join(', ')}`);
  return found;
}

function compare(benchmark: string): string {
  const [without, guarded] = [
    figure(`${benchmark}/without cpu-ns/op`),
    figure(`${benchmark}/with cpu-ns/op`),
  ];
  return `${(without / 1000).toFixed(1)} | ${(guarded / 1000).toFixed(1)} | ${(guarded / without).toFixed(2)}`;
}

function report(): string {
  const rows = cases.map(
    ({ name, result }) => `| ${name.replace('/', ': ').replaceAll('_', ' ')} | ${result} |`,
  );
  return `# Walls between pods

${new Date().toISOString().slice(0, 10)}, by \`npm run verify walls\`, ${cpus().length} cores. Pods are network namespaces with a cable to the node's, as the
engine connects them. Every step of a conformance case tries all 81 pairs of nine pods with real packets.

| processor time, median of three rounds | without the table, µs | with it, µs | ratio |
| --- | ---: | ---: | ---: |
| 64 KiB over TCP in the judged direction, both ends | ${compare('Throughput')} |
| one byte over UDP, there and back, both ends | ${compare('Exchange')} |

| on a full node: 200 pods of 40 tenants | ms |
| --- | ---: |
| compile all of it | ${(figure('Compile200Pods ns/op') / 1e6).toFixed(1)} |
| the whole table into the kernel | ${(figure('Load200Pods ns/op') / 1e6).toFixed(1)} |
| from a pod's address known to the agent's word that its rules are in the kernel | ${(figure('Claim ns/op') / 1e6).toFixed(1)} |

| case | result |
| --- | --- |
${rows.join('\n')}
`;
}
