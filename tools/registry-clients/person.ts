import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@brainpod/testkit/wait-for';
import type { RegistryClients } from './clients.ts';

const DOCKER_START_TIMEOUT_MS = 30_000;
// Keeps to itself what is mounted: nothing of it is left when the daemon is gone, however it went.
const OWN_MOUNTS = ['unshare', '--mount', '--propagation', 'private'];

/** How a program ended, and all that it showed. */
export type Ended = { code: number | null; said: string };

/** Somebody with an empty home, who types commands and reads what they say. */
export class Person {
  /** Empty, and gone in the end. */
  readonly home: string;
  readonly #environment: Record<string, string>;
  #docker: ChildProcess | null = null;
  #dockerSaid = '';

  private constructor(home: string, environment: Record<string, string>) {
    this.home = home;
    this.#environment = environment;
  }

  static async create({ environment }: RegistryClients): Promise<Person> {
    const home = await mkdtemp(path.join(tmpdir(), 'brainpod-person-'));
    return new Person(home, {
      ...environment,
      HOME: home,
      TMPDIR: home,
      DOCKER_HOST: `unix://${home}/docker.sock`,
      REGISTRY_AUTH_FILE: path.join(home, 'containers-auth.json'),
    });
  }

  /** Runs a command; what it reads, such as a key, is never among its arguments. */
  async types(command: readonly string[], reads = ''): Promise<Ended> {
    const child = this.#start(command);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    // One that ends before it has read everything is judged by how it ended.
    child.stdin.on('error', () => undefined);
    child.stdin.end(reads);
    const [code] = await once(child, 'close');
    return { code: typeof code === 'number' ? code : null, said };
  }

  /** Starts the daemon that docker speaks to. It touches nothing of the machine's network: it has no containers. */
  async startDocker(): Promise<void> {
    const config = path.join(this.home, 'daemon.json');
    await writeFile(config, '{}');
    await mkdir(path.join(this.home, 'docker'));
    const child = this.#start([
      ...[...OWN_MOUNTS, 'dockerd', '--config-file', config, '--host', `unix://${this.home}/docker.sock`],
      ...['--data-root', `${this.home}/docker/data`, '--exec-root', `${this.home}/docker/exec`],
      ...['--pidfile', `${this.home}/docker/pid`, '--storage-driver', 'vfs', '--bridge', 'none'],
      ...['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
    ]);
    this.#docker = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#dockerSaid += text;
      });
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`dockerd ended:\n${this.#dockerSaid}`);
        return (await this.types(['docker', 'version'])).code === 0;
      },
      { timeoutMs: DOCKER_START_TIMEOUT_MS, what: 'dockerd to answer' },
    );
  }

  async leave(): Promise<void> {
    if (this.#docker !== null && this.#docker.exitCode === null) {
      const gone = once(this.#docker, 'exit');
      this.#docker.kill('SIGTERM');
      await gone;
    }
    await rm(this.home, { recursive: true, force: true });
  }

  #start([command = '', ...args]: readonly string[]) {
    return spawn(command, args, { cwd: this.home, env: this.#environment, stdio: 'pipe' });
  }
}
