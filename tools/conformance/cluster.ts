import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createNetworkNamespace, type NetworkNamespace } from '../network-namespace.ts';
import { runCommand } from '../start/command.ts';

const NAME = 'brainpod-conformance';
const NAMESPACE_INDEX = 6;
const READY_TIMEOUT_MS = 180_000;

export type GatewayMode = 'merged' | 'separate';
export type EnginePrograms = { binDir: string; envoyBinary: string };

/** A bare engine in a network namespace of its own. `directory` is its own, and nothing that must last lies in it. */
export class Cluster {
  readonly gatewayClass = 'conformance';
  readonly #programs: EnginePrograms;
  readonly #directory: string;
  #namespace: NetworkNamespace | null = null;
  #engine: ChildProcess | null = null;
  #said = '';

  constructor(programs: EnginePrograms, directory: string) {
    this.#programs = programs;
    this.#directory = directory;
  }

  get kubeconfig(): string {
    return path.join(this.#directory, 'run/admin.kubeconfig');
  }

  /** The command and arguments that run a program where the Gateways' addresses are. */
  wrap(command: string, args: readonly string[]): [string, string[]] {
    if (this.#namespace === null) throw new Error('the cluster was not started');
    return this.#namespace.wrap(command, args);
  }

  /** Starts, after a run that was killed as well. Resolves when all of it is ready. */
  async start(gateways: GatewayMode): Promise<void> {
    if (existsSync(this.#config)) await this.#endFormer();
    await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory, { recursive: true });
    await writeFile(
      this.#config,
      JSON.stringify({
        name: NAME,
        profile: 'bare',
        dataDir: path.join(this.#directory, 'data'),
        runDir: path.join(this.#directory, 'run'),
        ...this.#programs,
        gatewayClass: this.gatewayClass,
        gateways,
      }),
    );
    this.#namespace = createNetworkNamespace(NAME, NAMESPACE_INDEX);
    const [command, args] = this.wrap(this.#bin('engine'), ['run', '--config', this.#config]);
    this.#engine = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#engine.stdout, this.#engine.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    await this.#untilReady(this.#engine);
  }

  importImages(archive: string): Promise<string> {
    const socket = path.join(this.#directory, 'run/containerd.sock');
    return runCommand(this.#bin('ctr'), ['-a', socket, '-n', 'k8s.io', 'images', 'import', archive]);
  }

  /** Ends and removes everything. Rejects when the engine has left something behind. */
  async remove(): Promise<void> {
    if (this.#namespace === null) return;
    const left = await this.#tearDown((command, args) => this.wrap(command, args));
    this.#namespace.remove();
    this.#namespace = null;
    await rm(this.#directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the engine left behind: ${JSON.stringify(left)}`);
  }

  get #config(): string {
    return path.join(this.#directory, 'engine.json');
  }

  #bin(name: string): string {
    return path.join(this.#programs.binDir, name);
  }

  /** Only ever inside: outside there may be another engine's network under the same names. */
  async #endFormer(): Promise<void> {
    if (!existsSync(`/run/netns/${NAME}`)) createNetworkNamespace(NAME, NAMESPACE_INDEX);
    await this.#tearDown((command, args) => [
      'nsenter',
      [`--net=/run/netns/${NAME}`, '--', command, ...args],
    ]);
  }

  async #tearDown(wrap: NetworkNamespace['wrap']): Promise<unknown[]> {
    await runCommand(...wrap(this.#bin('engine'), ['teardown', '--config', this.#config]));
    const listed = await runCommand(
      ...wrap(this.#bin('engine'), ['leftovers', '--json', '--config', this.#config]),
    );
    // What the engine writes for this.
    return JSON.parse(listed) as unknown[];
  }

  async #untilReady(engine: ChildProcess): Promise<void> {
    const status = path.join(this.#directory, 'run/status.json');
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (performance.now() < deadline) {
      if (engine.exitCode !== null) throw new Error(`the engine ended:\n${this.#said}`);
      if (existsSync(status) && JSON.parse(await readFile(status, 'utf8')).ready === true) return;
      await pause(200);
    }
    throw new Error(`the engine was not ready within ${READY_TIMEOUT_MS / 1000} s:\n${this.#said}`);
  }
}
