import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlClient } from './control-client.ts';
import { type Locations, locationsIn } from './locations.ts';
import { LogFile } from './log-file.ts';
import { DATABASE_NAME, DATABASE_USER } from './postgres.ts';
import { identify, readPidFile } from './process-identity.ts';
import { DEFAULT_SETTINGS, writeSettings } from './settings.ts';
import type { ProcessName, ProcessStatus } from './status.ts';
import { Supervisor } from './supervisor.ts';
import { waitUntil } from './wait.ts';

let directory: string;
let locations: Locations;
let apiPort: number;
const running: Supervisor[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'bp-sup-'));
  await chmod(directory, 0o755);
  locations = locationsIn(path.join(directory, 'data'), path.join(directory, 'run'));
  await mkdir(locations.logDir, { recursive: true });
  await mkdir(locations.runDir, { recursive: true });
  apiPort = await freePort();
});

afterEach(async () => {
  for (const supervisor of running.splice(0)) await supervisor.stop(false);
  await rm(directory, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** A small server that listens where ours would, and writes down how it ended and whether PostgreSQL still ran. */
const SERVER = `
import { createServer } from 'node:http';
import { appendFileSync, existsSync } from 'node:fs';
const [host, port] = process.env.BRAINPOD_LISTEN.split(':');
createServer((request, response) => response.end('ok')).listen(Number(port), host);
process.on('SIGTERM', () => {
  appendFileSync(process.argv[2], 'server ' + existsSync(process.env.PGHOST + '/.s.PGSQL.5432') + '\\n');
  process.exit(0);
});
`;

/** Stands in for the engine: same command line, same files, no Kubernetes. */
function engineScript(journal: string): string {
  return `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const config = JSON.parse(readFileSync(process.argv[4], 'utf8'));
const socket = config.runDir + '/../postgres/.s.PGSQL.5432';
if (process.argv[2] === 'teardown') {
  appendFileSync(${JSON.stringify(journal)}, 'teardown ' + existsSync(socket) + '\\n');
} else {
  writeFileSync(config.runDir + '/status.json', JSON.stringify({ pid: process.pid, ready: true, components: [] }));
  process.on('SIGTERM', () => {
    appendFileSync(${JSON.stringify(journal)}, 'engine ' + existsSync(socket) + '\\n');
    process.exit(0);
  });
  setInterval(() => {}, 1000);
}
`;
}

async function makeSupervisor(): Promise<{ supervisor: Supervisor; journal: string; binDir: string }> {
  const journal = path.join(directory, 'journal');
  const script = path.join(directory, 'server.mjs');
  const binDir = path.join(directory, 'bin');
  await mkdir(binDir, { recursive: true });
  await writeFile(script, SERVER);
  await writeFile(path.join(binDir, 'engine'), engineScript(journal), { mode: 0o755 });
  await writeFile(path.join(binDir, 'registry'), '', { mode: 0o755 });
  const supervisor = new Supervisor({
    locations,
    settings: { ...DEFAULT_SETTINGS, apiPort },
    server: { node: process.execPath, args: [script, journal], cwd: directory },
    program: { root: directory, version: 'test' },
    environment: { PATH: process.env.PATH },
  });
  running.push(supervisor);
  return { supervisor, journal, binDir };
}

function processOf(supervisor: Supervisor, name: ProcessName): ProcessStatus {
  const found = supervisor.status().processes.find((status) => status.name === name);
  if (found === undefined) throw new Error(`no process ${name}`);
  return found;
}

async function becomes(
  supervisor: Supervisor,
  name: ProcessName,
  check: (status: ProcessStatus) => boolean,
): Promise<ProcessStatus> {
  const reached = await waitUntil(() => check(processOf(supervisor, name)), { timeoutMs: 60_000 });
  const status = processOf(supervisor, name);
  if (!reached) throw new Error(`${name} stays ${JSON.stringify(status)}`);
  return status;
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: locations.postgresSocketDir,
    user: DATABASE_USER,
    database: DATABASE_NAME,
  });
  await client.connect();
  try {
    const result: pg.QueryResult<Record<string, unknown>> = await client.query(sql);
    return result.rows;
  } finally {
    await client.end();
  }
}

function pidOf(status: ProcessStatus): number {
  if (status.pid === undefined) throw new Error(`${status.name} has no pid`);
  return status.pid;
}

test('starts server and PostgreSQL at once, the engine when it is there, and ends PostgreSQL last', async () => {
  const { supervisor, journal, binDir } = await makeSupervisor();
  await supervisor.start();
  await becomes(supervisor, 'server', (status) => status.state === 'ready');
  expect(processOf(supervisor, 'engine')).toMatchObject({
    state: 'waiting',
    message: expect.stringContaining('not built yet'),
  });
  await becomes(supervisor, 'postgres', (status) => status.state === 'ready');
  expect(
    await query(
      'SELECT current_setting($$fsync$$) AS fsync, current_setting($$data_checksums$$) AS sums, current_setting($$listen_addresses$$) AS tcp',
    ),
  ).toEqual([{ fsync: 'on', sums: 'on', tcp: '' }]);

  const never = new AbortController();
  await supervisor.handle(
    { op: 'engine-ready', binDir, envoyBinary: path.join(binDir, 'registry') },
    never.signal,
  );
  await becomes(supervisor, 'engine', (status) => status.state === 'ready');
  const written: unknown = JSON.parse(await readFile(locations.engineConfig, 'utf8'));
  expect(written).toMatchObject({
    dataDir: locations.engineData,
    binDir,
    registryHosts: { 'registry.brainpod.localhost': `http://127.0.0.1:${apiPort}` },
  });
  expect(written).not.toHaveProperty('registryMirrors');

  await supervisor.stop(false);
  expect(await readFile(journal, 'utf8')).toBe('server true\nengine true\nteardown true\n');
  expect(existsSync(path.join(locations.postgresSocketDir, '.s.PGSQL.5432'))).toBe(false);
  expect(supervisor.status().processes.map((status) => status.state)).toEqual([
    'stopped',
    'stopped',
    'stopped',
  ]);
});

test('brings back what is killed, with what it had stored', async () => {
  const { supervisor } = await makeSupervisor();
  await supervisor.start();
  const postgres = await becomes(supervisor, 'postgres', (status) => status.state === 'ready');
  const server = await becomes(supervisor, 'server', (status) => status.state === 'ready');
  await query('CREATE TABLE kept AS SELECT 42 AS answer');

  process.kill(pidOf(server), 'SIGKILL');
  const serverAgain = await becomes(
    supervisor,
    'server',
    (status) => status.state === 'ready' && status.restarts === 1,
  );
  expect(serverAgain.pid).not.toBe(server.pid);

  process.kill(pidOf(postgres), 'SIGKILL');
  await becomes(
    supervisor,
    'postgres',
    (status) => status.state === 'ready' && status.restarts >= 1 && status.pid !== postgres.pid,
  );
  expect(await query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('says why a process keeps ending, and tries again', async () => {
  const { supervisor } = await makeSupervisor();
  await writeFile(path.join(directory, 'server.mjs'), 'console.error("no such luck"); process.exit(7);');
  await supervisor.start();
  const status = await becomes(
    supervisor,
    'server',
    ({ state, restarts }) => state === 'backoff' && restarts >= 2,
  );
  expect(status.message).toContain('exit code 7, having said: no such luck');
});

test('lends the server for as long as the borrower lives', async () => {
  const { supervisor } = await makeSupervisor();
  await supervisor.start();
  await becomes(supervisor, 'server', (status) => status.state === 'ready');
  const borrower = new AbortController();
  const reply = await supervisor.handle({ op: 'lend-server' }, borrower.signal);
  expect(reply).toMatchObject({ ok: true, environment: { BRAINPOD_LISTEN: `127.0.0.1:${apiPort}` } });
  expect(processOf(supervisor, 'server').state).toBe('lent');
  await expect(supervisor.handle({ op: 'lend-server' }, borrower.signal)).rejects.toThrow('another terminal');
  borrower.abort();
  await becomes(supervisor, 'server', (status) => status.state === 'ready');
});

test('a second one refuses, and one that is killed takes its children along and can be followed', async () => {
  await writeSettings(locations.settings, { ...DEFAULT_SETTINGS, apiPort });
  const start = () =>
    spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts')], {
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        BRAINPOD_DATA_DIR: locations.dataDir,
        BRAINPOD_RUN_DIR: locations.runDir,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const first = start();
  const postgres = path.join(locations.pidDir, 'postgres.json');
  expect(await waitUntil(async () => (await readPidFile(postgres)) !== null, { timeoutMs: 60_000 })).toBe(
    true,
  );
  const orphan = await readPidFile(postgres);

  const second = start();
  let said = '';
  second.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  expect(await new Promise((resolve) => second.once('close', resolve))).toBe(3);
  expect(said).toContain(`Brainpod runs already (process ${first.pid})`);

  first.kill('SIGKILL');
  expect(
    await waitUntil(async () => orphan !== null && (await identify(orphan.pid)) === null, {
      timeoutMs: 60_000,
    }),
  ).toBe(true);

  const third = start();
  let client: ControlClient | null = null;
  expect(
    await waitUntil(
      async () => {
        client ??= await ControlClient.open(locations.controlSocket);
        return client !== null;
      },
      { timeoutMs: 60_000 },
    ),
  ).toBe(true);
  const ended = new Promise((resolve) => third.once('exit', resolve));
  third.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(
    [locations.status, locations.controlSocket, locations.supervisorPid].filter((file) => existsSync(file)),
  ).toEqual([]);
});

test('log files are moved aside at their size, three of them kept', async () => {
  const log = new LogFile(path.join(directory, 'small.log'), { maxBytes: 10, kept: 3 });
  for (const word of ['one-------', 'two-------', 'three-----', 'four------', 'five------']) log.write(word);
  log.close();
  const names = ['small.log', 'small.log.1', 'small.log.2', 'small.log.3'];
  const contents = await Promise.all(names.map((name) => readFile(path.join(directory, name), 'utf8')));
  expect(contents).toEqual(['five------', 'four------', 'three-----', 'two-------']);
  expect(existsSync(path.join(directory, 'small.log.4'))).toBe(false);
});

test('stages whose teller goes away are shown as interrupted', async () => {
  const { supervisor } = await makeSupervisor();
  const teller = new AbortController();
  await supervisor.handle({ op: 'stage', stage: { id: 'a', title: 'A', state: 'done' } }, teller.signal);
  await supervisor.handle({ op: 'stage', stage: { id: 'b', title: 'B', state: 'running' } }, teller.signal);
  teller.abort();
  expect(supervisor.status().stages).toEqual([
    { id: 'a', title: 'A', state: 'done' },
    expect.objectContaining({ id: 'b', state: 'failed', detail: 'interrupted' }),
  ]);
});
