/**
 * From a folder to an image in the registry, in seconds: by `brainpod image build` of the running Brainpod, beside plain buildctl with
 * the same Dockerfile and plain distribution; and what the plans make, beside Dockerfiles written by hand (bench/deploy/), both by plain
 * buildctl. Writes docs/results/builds.md; names of examples measure those alone, and print only. `--rounds N` (default 3). Needs root.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../tools/start/engine-key.mjs';
import { openBench } from './bench.ts';
import { changeGreeting } from './build-examples/change-greeting.ts';
import { startStand } from './build-examples/stand.ts';
import { engineBinaries } from './engine-binaries.ts';
import { measuredOn } from './machine.ts';
import { median } from './quantiles.ts';
import { writeTable } from './results.ts';

/** Seconds; the first build has no layer of the example, and fetches all packages. */
type Times = { first: number; unchanged: number; oneLine: number };
type Build = () => Promise<{ megabytes: number | null }>;
type Measured = Times & { megabytes: number | null };

const EXAMPLES = ['python-flask', 'go-chi', 'node-pnpm'];
const ROOT = path.resolve(import.meta.dirname, '..');
const COMMAND = path.join(ROOT, 'packages/cli/bin/brainpod.mjs');
const HELLO = /\bhello\b|\bgreetings \d+\b/gi;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const cacheDir = path.join(cacheDirectory(process.env, homedir()), 'base-images');
let greetings = 0;
const bench = await openBench();

const rows: { name: string; brainpod: Measured; plan: Measured; byHand: Measured }[] = [];
for (const name of positionals.length > 0 ? positionals : EXAMPLES) {
  const plan = async (): Promise<Measured> =>
    await inFolder(name, async (folder) => await byBuildctl(name, folder));
  const byHand = async (): Promise<Measured> =>
    await inFolder(name, async (folder) => {
      const written = path.join(import.meta.dirname, 'deploy', `${name}.Dockerfile`);
      copyFileSync(written, path.join(folder, 'Dockerfile'));
      return await byBuildctl(name, folder);
    });
  // Whoever comes second finds more in the machine's memory: each is first once.
  const [one, other] = [await plan(), await byHand()];
  const [otherAgain, oneAgain] = [await byHand(), await plan()];
  const brainpod = await inFolder(
    name,
    async (folder) => await inPod(async (pod) => await measure(folder, byBrainpod(pod, folder))),
  );
  rows.push({ name, brainpod, plan: better(one, oneAgain), byHand: better(other, otherAgain) });
  console.log(JSON.stringify(rows.at(-1)));
}
const text = report();
console.log(text);
if (positionals.length === 0) await writeTable('builds.md', text);

async function inFolder<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'brainpod-deploy-'));
  try {
    const filter = (from: string): boolean => !/\/node_modules$/.test(from);
    cpSync(path.join(ROOT, 'examples', name), folder, { recursive: true, filter });
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A new one: its builder holds nothing, and has to be made. */
async function inPod<T>(use: (pod: string) => Promise<T>): Promise<T> {
  const { name } = await bench.api<{ name: string }>('POST', '/v1/pods', { displayName: 'bench deploy' });
  try {
    return await use(name);
  } finally {
    await bench.api('DELETE', `/v1/pods/${name}`);
  }
}

async function measure(folder: string, build: Build): Promise<Measured> {
  const timed = async (): Promise<{ seconds: number; megabytes: number | null }> => {
    const startedAt = performance.now();
    const { megabytes } = await build();
    return { seconds: (performance.now() - startedAt) / 1000, megabytes };
  };
  // Other source than of any run before: what was built of these very files once, would not be built again.
  changeGreeting(folder, HELLO, nextGreeting());
  const first = await timed();
  const unchanged: number[] = [];
  const oneLine: number[] = [];
  for (let round = 0; round < rounds; round++) {
    unchanged.push((await timed()).seconds);
    changeGreeting(folder, HELLO, nextGreeting());
    oneLine.push((await timed()).seconds);
  }
  return {
    first: first.seconds,
    unchanged: median(unchanged),
    oneLine: median(oneLine),
    megabytes: first.megabytes,
  };
}

function better(one: Measured, other: Measured): Measured {
  return {
    first: Math.min(one.first, other.first),
    unchanged: Math.min(one.unchanged, other.unchanged),
    oneLine: Math.min(one.oneLine, other.oneLine),
    megabytes: one.megabytes,
  };
}

function nextGreeting(): string {
  greetings += 1;
  return `greetings ${Date.now()}${greetings}`;
}

function byBrainpod(pod: string, folder: string): Build {
  return async () => {
    const args = [COMMAND, '--pod', pod, 'image', 'build', 'web', folder];
    const ran = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`brainpod image build: ${ran.stderr}${ran.stdout}`);
    return { megabytes: null };
  };
}

/** With a BuildKit and a registry that hold nothing but base images: neither has layers or packages of the other. */
async function byBuildctl(name: string, folder: string): Promise<Measured> {
  const stand = await startStand(engineBinaries(), cacheDir);
  try {
    await stand.provide(folder);
    const repository = `bench/${name}`;
    return await measure(folder, async () => {
      const { digest } = await stand.build(folder, repository, () => undefined);
      return { megabytes: await sizeOf(`${stand.registryUrl}/v2/${repository}/manifests/${digest}`) };
    });
  } finally {
    await stand.stop();
  }
}

async function sizeOf(url: string): Promise<number> {
  const answer = await fetch(url, { headers: { accept: MANIFEST } });
  if (!answer.ok) throw new Error(`The registry answered ${answer.status}.`);
  // What BuildKit has just pushed.
  const { layers } = (await answer.json()) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0) / 1e6;
}

function report(): string {
  const pair = (one: number, other: number): string =>
    `${one.toFixed(2)} | ${other.toFixed(2)} | ${(one / other).toFixed(2)}`;
  const platform = rows.map(({ name, brainpod, plan }) =>
    [
      `| ${name} | ${pair(brainpod.first, plan.first)}`,
      pair(brainpod.unchanged, plan.unchanged),
      `${pair(brainpod.oneLine, plan.oneLine)} |`,
    ].join(' | '),
  );
  const plans = rows.map(({ name, plan, byHand }) =>
    [
      `| ${name} | ${(plan.megabytes ?? 0).toFixed(1)} | ${(byHand.megabytes ?? 0).toFixed(1)} | ${((plan.megabytes ?? 0) / (byHand.megabytes ?? 1)).toFixed(2)}`,
      pair(plan.first, byHand.first),
      pair(plan.unchanged, byHand.unchanged),
      `${pair(plan.oneLine, byHand.oneLine)} |`,
    ].join(' | '),
  );
  return `${measuredOn('npm run verify deploy-speed')} Seconds; medians of ${rounds}, the first build, in a pod that never built anything, alone; by buildctl the better of two times.

To an image in the registry: \`brainpod image build\`, plain buildctl with the same Dockerfile to plain distribution, and their ratio.

| example | first | buildctl | ratio | unchanged | buildctl | ratio | one line | buildctl | ratio |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${platform.join('\n')}

The plan's Dockerfile beside one written by hand, both by plain buildctl.

| example | MB | by hand | ratio | first | by hand | ratio | unchanged | by hand | ratio | one line | by hand | ratio |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${plans.join('\n')}`;
}
