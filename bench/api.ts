/**
 * Reads through the API: the real server with a real PostgreSQL, beside bare fastify with one SQL read, by turns, with
 * the load from a third process. Writes docs/results/api.md. `--seconds N` of each, `--rounds N`, `--profile DIR` for
 * where the server's processor time goes, `--dry` to print only.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { Load, LoadResult } from './api/load.ts';
import { openPlace, type Place } from './api/place.ts';
import { measuredOn } from './machine.ts';
import { cpuSeconds } from './processes.ts';
import { median } from './quantiles.ts';
import { writeTable } from './results.ts';

const LOAD = path.join(import.meta.dirname, 'api/load.ts');
const CONNECTIONS = 50;
const WARM_UP_SECONDS = 5;

type Target = { name: string; port: number; pid: number; path: string };
type Round = LoadResult & { cpuMsPerAnswer: number };

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    profile: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const place = await openPlace(values.profile === undefined ? null : path.resolve(values.profile));
try {
  const targets = targetsOf(place);
  for (const target of targets) await ask(target, WARM_UP_SECONDS);
  const measured = new Map<Target, Round[]>(targets.map((target) => [target, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [target, rounds] of measured) rounds.push(await ask(target, Number(values.seconds)));
  }
  const table = tableOf(measured);
  console.log(table);
  if (!values.dry) await writeTable('api.md', table);
} finally {
  await place.close();
}

function targetsOf({ server, reference, pod }: Place): Target[] {
  const base = `/v1/pods/${pod}`;
  return [
    { name: 'bare fastify, one SQL read (reference)', ...reference, path: `/pods/${pod}` },
    { name: 'GET /v1/pods/{pod}', ...server, path: base },
    { name: 'GET /v1/pods/{pod}/resources', ...server, path: `${base}/resources` },
    { name: 'GET …/resources/App/default/web', ...server, path: `${base}/resources/App/default/web` },
  ];
}

async function ask(target: Target, seconds: number): Promise<Round> {
  const load: Load = {
    port: target.port,
    path: target.path,
    authorization: place.authorization,
    connections: CONNECTIONS,
    seconds,
  };
  const before = cpuSeconds(target.pid);
  const { stdout } = await run(process.execPath, [LOAD, JSON.stringify(load)]);
  // Printed by load.ts.
  const result = JSON.parse(stdout) as LoadResult;
  return { ...result, cpuMsPerAnswer: ((cpuSeconds(target.pid) - before) / result.answers) * 1000 };
}

function tableOf(measured: ReadonlyMap<Target, Round[]>): string {
  const of = (rounds: readonly Round[], figure: keyof Round): number =>
    median(rounds.map((round) => round[figure]));
  const [reference] = [...measured.values()];
  const most = of(reference ?? [], 'perSecond');
  const rows = [...measured].map(([{ name }, rounds]) => {
    const perSecond = of(rounds, 'perSecond');
    const times = [of(rounds, 'p50Ms'), of(rounds, 'p99Ms')].map((ms) => `${ms.toFixed(1)} ms`);
    const cells = [perSecond.toFixed(0), (perSecond / most).toFixed(2), ...times];
    return `| ${[name, ...cells, `${of(rounds, 'cpuMsPerAnswer').toFixed(2)} ms`, of(rounds, 'bytesPerAnswer').toFixed(0)].join(' | ')} |`;
  });
  return `${measuredOn('npm run verify reads')}

| read | per second | of the reference | p50 | p99 | processor time of the server, each | bytes |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
| goal | ≥ 3000 | | | ≤ 50 ms | | |

${CONNECTIONS} connections, each with one request at a time; server, PostgreSQL and load share the processors. Medians of ${values.rounds} rounds of ${values.seconds} s, by turns.
`;
}
