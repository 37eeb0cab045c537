/**
 * npm run bench: the figures of a running Brainpod, each beside a reference measured in the same run, as a table
 * in docs/results/. Needs root and the example that npm start runs. `--rounds N` (default 7).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import { firstAnswerRow, measureFirstAnswer } from './first-answer.ts';
import { idleRows, measureIdle } from './idle.ts';
import { measuredOn } from './machine.ts';
import { median } from './quantiles.ts';
import { measureWarmStart } from './warm-start.ts';

const IDLE_SECONDS = 60;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
const bench = await openBench();

console.log(`idle for ${IDLE_SECONDS} s …`);
const idle = await measureIdle(bench, IDLE_SECONDS);
console.log(`${rounds} deploys, ${rounds} times kubectl …`);
const answers = await measureFirstAnswer(bench, rounds);
console.log('3 warm starts …');
const warm = measureWarmStart(3);

const [start, up] = [median(warm.start), median(warm.up)];
const rows = [
  firstAnswerRow(answers),
  `| warm npm start → URL (median of ${warm.start.length}) | ${start.toFixed(1)} s | engine up alone: ${up.toFixed(1)} s | ${(start / up).toFixed(2)} | ≤ 20 s |`,
  ...idleRows(idle),
];
const parts = [...idle.ours, ...idle.kubernetes].map(
  ({ name, memoryMiB, corePercent }) => `| ${name} | ${memoryMiB.toFixed(0)} | ${corePercent.toFixed(2)} |`,
);
const text = `# The spine, measured

${measuredOn('npm run bench')}

| what | Brainpod | reference of the same run | ratio | goal |
| --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}

The first row's reference includes the start of \`kubectl\` itself. Idle, by process (proportional set size in MiB, % of a core over ${IDLE_SECONDS} s):

| process | MiB | % |
| --- | ---: | ---: |
${parts.join('\n')}
`;
const directory = path.resolve(import.meta.dirname, '../docs/results');
await mkdir(directory, { recursive: true });
await writeFile(path.join(directory, 'spine.md'), text);
console.log(text);
