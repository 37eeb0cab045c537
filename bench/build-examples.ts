/**
 * Builds each of examples/ by its plan with a BuildKit and a registry of its own, runs the image as an instance is run, and
 * asks it. Then a line is changed, and it is built and asked again. Writes docs/results/build-examples.md; with names of
 * examples or paths of folders, those alone, and prints only. `--log` shows all that builds say. Needs root.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { planDirectory } from 'brainpod/flows/plan-directory';
import { cacheDirectory } from '../tools/start/engine-key.mjs';
import { changeGreeting } from './build-examples/change-greeting.ts';
import { runImage } from './build-examples/run-image.ts';
import { type Stand, startStand } from './build-examples/stand.ts';
import { engineBinaries } from './engine-binaries.ts';
import { measuredOn } from './machine.ts';
import { writeTable } from './results.ts';

type Row = {
  name: string;
  language: string;
  framework: string;
  megabytes: number;
  firstAnswerMs: number;
} & Seconds;
type Seconds = { cold: number; unchanged: number; oneLine: number };

const EXAMPLES = path.resolve(import.meta.dirname, '../examples');
/** What each example says, somewhere in its source, and what a changed line says instead. */
const [GREETING, OTHER_GREETING] = [/\bhello\b/gi, 'good morning'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { log: { type: 'boolean', default: false } },
});
const asked = positionals.map((name) =>
  name.includes('/') ? path.resolve(name) : path.join(EXAMPLES, name),
);
const folders = asked.length > 0 ? asked : readdirSync(EXAMPLES).map((name) => path.join(EXAMPLES, name));
const cacheDir = path.join(cacheDirectory(process.env, homedir()), 'base-images');
const stand = await startStand(engineBinaries(), cacheDir);
const rows: Row[] = [];
const failures: { name: string; why: string }[] = [];
try {
  for (const folder of folders) {
    const name = path.basename(folder);
    try {
      rows.push(await measure(folder, stand));
      console.log(`✓ ${JSON.stringify(rows.at(-1))}`);
    } catch (error) {
      failures.push({ name, why: error instanceof Error ? error.message : String(error) });
      console.log(`✗ ${name}: ${failures.at(-1)?.why}`);
    }
  }
} finally {
  await stand.stop();
}
if (asked.length === 0) await writeTable('build-examples.md', report());
console.log(`${rows.length} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(folder: string, on: Stand): Promise<Row> {
  const name = path.basename(folder);
  const work = mkdtempSync(path.join(tmpdir(), 'brainpod-example-'));
  try {
    cpSync(folder, work, { recursive: true, filter: (from) => !/\/(node_modules|Dockerfile)$/.test(from) });
    const { language, framework } = planDirectory(work);
    const build = async (): Promise<{ digest: string; seconds: number }> => {
      const startedAt = performance.now();
      const { digest } = await on.build(work, `examples/${name}`, (line) => {
        if (values.log) console.log(`  ${name} | ${line}`);
      });
      return { digest, seconds: (performance.now() - startedAt) / 1000 };
    };
    await on.provide(work);
    const cold = await build();
    const ran = await ask(name, cold.digest, on, /hello/i);
    const unchanged = await build();
    changeGreeting(work, GREETING, OTHER_GREETING);
    const oneLine = await build();
    await ask(name, oneLine.digest, on, new RegExp(OTHER_GREETING));
    return {
      ...{ name, language, framework: framework ?? '', megabytes: ran.bytes / 1e6 },
      ...{ cold: cold.seconds, unchanged: unchanged.seconds, oneLine: oneLine.seconds },
      firstAnswerMs: ran.firstAnswerMs,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function ask(name: string, digest: string, on: Stand, expected: RegExp): ReturnType<typeof runImage> {
  const ran = await runImage({ registryUrl: on.registryUrl, repository: `examples/${name}`, digest }, '/');
  if (ran.status === 200 && expected.test(ran.body)) return ran;
  throw new Error(`It answered ${ran.status}: ${ran.body.slice(0, 200)}`);
}

function report(): string {
  const lines = rows.map(
    (row) =>
      `| ${row.name} | ${row.language} | ${row.framework} | ${row.megabytes.toFixed(1)} | ${row.cold.toFixed(1)} | ${row.unchanged.toFixed(1)} | ${row.oneLine.toFixed(1)} | ${row.firstAnswerMs.toFixed(0)} |`,
  );
  return `${measuredOn('npm run verify build-examples')}

| example | language | framework | image, MB | cold, s | unchanged, s | one line, s | first answer, ms |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |
${lines.join('\n')}

${failures.map(({ name, why }) => `Failed: ${name}: ${why.split('\n')[0]}`).join('\n')}`;
}
