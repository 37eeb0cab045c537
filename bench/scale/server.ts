import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GATEWAY_CLASS } from './cluster.ts';
import { DOMAIN } from './platform.ts';

const MAIN = path.resolve(import.meta.dirname, '../../packages/server/src/main.ts');

/** The whole server, as it runs in earnest. */
export class MeasuredServer {
  readonly #child: ChildProcess;
  readonly #dataDir: string;

  private constructor(child: ChildProcess, dataDir: string) {
    this.#child = child;
    this.#dataDir = dataDir;
  }

  static async start(options: {
    database: { host: string; user: string; database: string };
    kubeconfig: string;
    port: number;
  }): Promise<MeasuredServer> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'brainpod-measured-'));
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH ?? '',
        PGHOST: options.database.host,
        PGUSER: options.database.user,
        PGDATABASE: options.database.database,
        BRAINPOD_LISTEN: `127.0.0.1:${options.port}`,
        BRAINPOD_KUBECONFIG: options.kubeconfig,
        BRAINPOD_DOMAIN: DOMAIN,
        BRAINPOD_REGISTRY_HOST: `registry.${DOMAIN}`,
        BRAINPOD_GATEWAY_CLASS: GATEWAY_CLASS,
        BRAINPOD_DATA_DIR: dataDir,
        BRAINPOD_RUN_DIR: path.join(dataDir, 'run'),
      },
    });
    await once(child, 'spawn');
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.removeListener('exit', killWithUs));
    return new MeasuredServer(child, dataDir);
  }

  get pid(): number {
    if (this.#child.pid === undefined || this.#child.exitCode !== null)
      throw new Error('the server has ended');
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
