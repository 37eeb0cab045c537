import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DatabaseAddress } from '@brainpod/testkit/postgres';
import { waitFor } from '@brainpod/testkit/wait-for';
import { freePort } from './kube-proxy.ts';

const MAIN = resolve(import.meta.dirname, '../src/main.ts');
const START_TIMEOUT_MS = 30_000;

export type ServerOptions = {
  database: DatabaseAddress;
  kubeconfig: string;
  domain: string;
  gatewayClass: string;
  /** Files that replicas of one installation share: keys and certificates. */
  dataDir: string;
  environment?: Record<string, string>;
};

/** A whole server in a process of its own, as it runs in earnest: when it ends, it is started again. */
export class ServerProcess {
  readonly origin: string;
  readonly #options: ServerOptions;
  readonly #listen: string;
  #child: ChildProcess | null = null;
  #isWanted = true;
  #log = '';

  private constructor(options: ServerOptions, port: number) {
    this.#options = options;
    this.#listen = `127.0.0.1:${port}`;
    this.origin = `http://${this.#listen}`;
  }

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options, await freePort());
    server.#spawn();
    await server.answering();
    return server;
  }

  /** What it has written to its log, the newest part. */
  get log(): string {
    return this.#log;
  }

  /** Of the process of the moment; 0 when there is none. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves as soon as it answers anything. */
  async answering(): Promise<void> {
    await waitFor(() => this.#answers(), {
      timeoutMs: START_TIMEOUT_MS,
      what: 'the server to answer',
      everyMs: 50,
    });
  }

  #spawn(): void {
    const { database, kubeconfig, domain, gatewayClass, dataDir, environment } = this.#options;
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        PGHOST: database.host,
        PGUSER: database.user,
        PGDATABASE: database.database,
        BRAINPOD_LISTEN: this.#listen,
        BRAINPOD_KUBECONFIG: kubeconfig,
        BRAINPOD_DOMAIN: domain,
        BRAINPOD_GATEWAY_CLASS: gatewayClass,
        BRAINPOD_DATA_DIR: dataDir,
        BRAINPOD_RUN_DIR: join(dataDir, 'run'),
        BRAINPOD_DEPLOY_TIMEOUT_SECONDS: '30',
        BRAINPOD_RESYNC_SECONDS: '10',
        ...environment,
      },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-100_000);
      });
    }
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => {
      process.removeListener('exit', killWithUs);
      if (this.#isWanted) this.#spawn();
    });
  }

  /** Ends it as a crash does, at once; it is started again by itself. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  /** Asks it to end, and waits until it has; returns its exit code, or the signal that ended it. */
  async end(): Promise<number | NodeJS.Signals | null> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === null || child.exitCode !== null) return child?.exitCode ?? null;
    const gone = new Promise<number | NodeJS.Signals | null>((done) =>
      child.once('exit', (code, signal) => done(code ?? signal)),
    );
    child.kill('SIGTERM');
    return gone;
  }

  async #answers(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.origin}/v1/openapi.json`);
      // Left unread it may keep the connection busy, which the server waits for when it ends.
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      // Not listening yet; how it fares is seen at the next look.
      return false;
    }
  }
}

/** A folder for a server's files, and what removes it. */
export async function temporaryDataDir(): Promise<{ dataDir: string; remove: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'brainpod-server-'));
  return { dataDir, remove: () => rm(dataDir, { recursive: true, force: true }) };
}
