/**
 * What the record of each request costs the edge and us: one Envoy, with the intake off, on, stalled and away, by turns, and the
 * load from another process; then what is stored, beside plain rows. Writes docs/results/access-log.md. `--envoy FILE` is another
 * Envoy than the engine's, `--seconds N` of each, `--rounds N`, `--dry` to print only.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { PostgresServer } from '@brainpod/testkit/postgres';
import { waitFor } from '@brainpod/testkit/wait-for';
import { enginePrograms } from '../tools/bare-engine.ts';
import { envoyConfig, type Mode } from './access-log/envoy-config.ts';
import type { Intake } from './access-log/intake.ts';
import { deployedRoute, kept, plainRows } from './access-log/stored.ts';
import type { Load, LoadResult } from './api/load.ts';
import { freePort } from './free-port.ts';
import { measuredOn } from './machine.ts';
import { cpuSeconds } from './processes.ts';
import { median } from './quantiles.ts';
import { writeTable } from './results.ts';

const LOAD = path.join(import.meta.dirname, 'api/load.ts');
const INTAKE = path.join(import.meta.dirname, 'access-log/intake.ts');
const CONNECTIONS = 20;
const WARM_UP_SECONDS = 2;

type Round = LoadResult & { envoyUs: number; intakeUs: number };

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    envoy: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    dry: { type: 'boolean', default: false },
  },
});
const envoyProgram = values.envoy ?? enginePrograms().envoyBinary;

const folder = await mkdtemp(path.join(tmpdir(), 'brainpod-access-log-'));
// PostgreSQL, which may be another user's, reads a file in it.
await chmod(folder, 0o755);
const postgres = await PostgresServer.create([]);
const children: ChildProcess[] = [];
const held = new Set<Socket>();
// Takes connections and reads nothing.
const stalled = createServer({ pauseOnConnect: true }, (socket) => held.add(socket));
try {
  const database = await postgres.createDatabase('requests');
  const { routeName } = await deployedRoute(database);
  const intakeSocket = path.join(folder, 'on.sock');
  const adminPort = await freePort();
  const statistics = `http://127.0.0.1:${adminPort}/stats/prometheus`;
  const intake = await startIntake({ database, socket: intakeSocket, statistics });
  stalled.listen(path.join(folder, 'stalled.sock'));
  const modes = await listeners(intakeSocket);
  const envoy = await startEnvoy(modes, { adminPort, originPort: await freePort(), routeName });
  const pids = { envoy: envoy.pid ?? 0, intake: intake.pid ?? 0 };

  const measured = new Map<Mode, Round[]>(modes.map((mode) => [mode, []]));
  for (const mode of modes) await ask(mode, WARM_UP_SECONDS, pids);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [mode, rounds] of measured) rounds.push(await ask(mode, Number(values.seconds), pids));
  }
  const dropped = await counterOf(adminPort, 'logs_dropped');
  const written = await counterOf(adminPort, 'logs_written');
  const said = once(intake.stdout ?? intake, 'data');
  intake.kill('SIGTERM');
  const counts = String((await said)[0]).trim();
  const table = tableOf(measured, {
    lines: [
      `The intake's own counts: \`${counts}\`. Envoy's, over all modes: ${written} written, ${dropped} dropped. Lost is what Envoy counted, of all modes, and the intake did not get: it knows by asking Envoy.`,
      await kept(database),
      await plainRows(database, folder),
    ],
  });
  console.log(table);
  if (!values.dry) await writeTable('access-log.md', table);
} finally {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  for (const socket of held) socket.destroy();
  stalled.close();
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
}

async function listeners(intakeSocket: string): Promise<Mode[]> {
  const sockets = {
    'off (reference)': null,
    on: intakeSocket,
    stalled: path.join(folder, 'stalled.sock'),
    away: path.join(folder, 'nobody.sock'),
  };
  const modes: Mode[] = [];
  for (const [name, socket] of Object.entries(sockets)) modes.push({ name, socket, port: await freePort() });
  return modes;
}

async function startIntake(settings: Intake): Promise<ChildProcess> {
  const child = spawn(process.execPath, [INTAKE, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function startEnvoy(
  modes: readonly Mode[],
  settings: { adminPort: number; originPort: number; routeName: string },
): Promise<ChildProcess> {
  const config = path.join(folder, 'envoy.json');
  await writeFile(config, JSON.stringify(envoyConfig(modes, settings)));
  const args = [
    '--config-path',
    config,
    '--concurrency',
    '2',
    '--disable-hot-restart',
    '--log-level',
    'error',
  ];
  const child = spawn(envoyProgram, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  await waitFor(
    async () => {
      try {
        return (await fetch(`http://127.0.0.1:${settings.adminPort}/ready`)).ok;
      } catch (error) {
        // Not listening yet.
        if (error instanceof TypeError) return false;
        throw error;
      }
    },
    { timeoutMs: 30_000, what: 'Envoy to be ready', everyMs: 100 },
  );
  return child;
}

async function ask(mode: Mode, seconds: number, pids: { envoy: number; intake: number }): Promise<Round> {
  const load: Load = {
    port: mode.port,
    path: '/products/4711?from=search',
    authorization: null,
    connections: CONNECTIONS,
    seconds,
  };
  const [envoyBefore, intakeBefore] = [cpuSeconds(pids.envoy), cpuSeconds(pids.intake)];
  const { stdout } = await run(process.execPath, [LOAD, JSON.stringify(load)]);
  // Printed by load.ts.
  const result = JSON.parse(stdout) as LoadResult;
  const each = (seconds: number) => (seconds * 1e6) / result.answers;
  return {
    ...result,
    envoyUs: each(cpuSeconds(pids.envoy) - envoyBefore),
    intakeUs: each(cpuSeconds(pids.intake) - intakeBefore),
  };
}

async function counterOf(adminPort: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=${name}`)).text();
  return [...text.matchAll(/: (\d+)/g)].reduce((sum, [, value]) => sum + Number(value), 0);
}

function tableOf(measured: ReadonlyMap<Mode, Round[]>, { lines }: { lines: readonly string[] }): string {
  const rows = [...measured].map(([{ name }, rounds]) => {
    const of = (figure: keyof Round) => median(rounds.map((round) => round[figure]));
    const times = [of('p50Ms'), of('p99Ms')].map((ms) => `${ms.toFixed(2)} ms`);
    const costs = [of('envoyUs'), of('intakeUs')].map((us) => `${us.toFixed(0)} µs`);
    return `| ${[name, of('perSecond').toFixed(0), ...times, ...costs].join(' | ')} |`;
  });
  return `${measuredOn('npm run verify access-log')}

| intake | requests per second | p50 | p99 | processor time of Envoy, each | of the intake, each |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

${CONNECTIONS} connections, each with one request at a time; load, Envoy (which is the origin as well), intake and PostgreSQL share the processors. Medians of ${values.rounds} rounds of ${values.seconds} s, by turns.

${lines.join('\n\n')}
`;
}
