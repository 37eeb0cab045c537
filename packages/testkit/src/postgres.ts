import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { locationsIn } from '@brainpod/supervisor/locations';
import { DATABASE_USER, isPostgresReady, preparePostgres } from '@brainpod/supervisor/postgres';
import pg from 'pg';
import { waitFor } from './wait-for.ts';

/** How to reach one database over a server's unix socket. */
export type DatabaseAddress = { host: string; user: string; database: string };

const START_TIMEOUT_MS = 60_000;
const SETPRIV = '/usr/bin/setpriv';

// Nothing needs to outlive the machine; but what was committed must outlive a crash of the server, as it does in
// earnest, so commits still wait until the log is written.
const TEST_SETTINGS = ['fsync=off', 'full_page_writes=off', 'max_connections=200'];

/** A real PostgreSQL of the test's own, on a unix socket in a temporary directory. */
export class PostgresServer {
  readonly #directory: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(directory: string, settings: readonly string[]) {
    this.#directory = directory;
    this.#settings = settings;
  }

  /** Makes a new, empty server and starts it, with settings of its own where it is to be measured. End it with `remove`. */
  static async create(settings: readonly string[] = TEST_SETTINGS): Promise<PostgresServer> {
    const directory = await mkdtemp(path.join(tmpdir(), 'brainpod-test-postgres-'));
    // PostgreSQL runs as another user than root and must be able to enter.
    await chmod(directory, 0o755);
    const server = new PostgresServer(directory, settings);
    await mkdir(server.#locations().runDir, { mode: 0o755 });
    await server.start();
    return server;
  }

  /** The directory that holds the unix socket: what clients name as their host. */
  get socketDir(): string {
    return this.#locations().postgresSocketDir;
  }

  /** The id of its first process, the parent of the others; null while it is stopped. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async start(): Promise<void> {
    const locations = this.#locations();
    const launch = await preparePostgres(locations, {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
    });
    const args = [...launch.args, ...this.#settings.flatMap((setting) => ['-c', setting])];
    // The server must not outlive a test run that was killed.
    const wrap = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'QUIT', '--'] : [];
    const [file = launch.file, ...rest] = [...wrap, launch.file, ...args];
    const child = spawn(file, rest, {
      cwd: launch.cwd,
      env: launch.env,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(launch.user ?? {}),
    });
    this.#child = child;
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-4000);
    });
    await waitFor(
      async () => {
        if (child.exitCode !== null)
          throw new Error(`PostgreSQL ended with exit code ${child.exitCode}: ${log}`);
        return child.pid !== undefined && (await isPostgresReady(locations.postgresData, child.pid));
      },
      { timeoutMs: START_TIMEOUT_MS, what: 'PostgreSQL to take connections' },
    );
  }

  /** Stops the server at once, as a crash of the machine would look to its clients; `start` brings it back. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGQUIT');
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Makes a database, empty or as a copy of another one to which nobody is connected. */
  async createDatabase(name: string, template = 'template0'): Promise<DatabaseAddress> {
    return createDatabase(this.socketDir, name, template);
  }

  #locations(): ReturnType<typeof locationsIn> {
    const locations = locationsIn(path.join(this.#directory, 'data'), path.join(this.#directory, 'run'));
    return { ...locations, postgresBinaries: programsDirectory() };
  }
}

/** Where the programs are copied to, once for all runs: where nobody but their owner can put others in their place. */
function programsDirectory(): string {
  const cache =
    process.getuid?.() === 0 ? '/var/cache' : (process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'));
  return path.join(cache, 'brainpod', 'test-postgres-bin');
}

/** Makes a database on the server behind this socket and says how to reach it. */
export async function createDatabase(
  socketDir: string,
  name: string,
  template: string,
): Promise<DatabaseAddress> {
  const client = new pg.Client({ host: socketDir, user: DATABASE_USER, database: 'postgres' });
  await client.connect();
  try {
    await client.query(
      `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`,
    );
  } finally {
    await client.end();
  }
  return { host: socketDir, user: DATABASE_USER, database: name };
}
