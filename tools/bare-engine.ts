import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createNetworkNamespace, type NetworkNamespace } from './network-namespace.ts';
import { runCommand } from './start/command.ts';

const READY_TIMEOUT_MS = 180_000;

export type GatewayMode = 'merged' | 'separate';
export type EnginePrograms = { binDir: string; envoyBinary: string };

/** `name` is of the engine, its network namespace and its GatewayClass; `index` is the namespace's (network-namespace.ts). */
export type BareEngineOptions = {
  name: string;
  index: number;
  programs: EnginePrograms;
  /** Its own, and nothing that must last lies in it. */
  directory: string;
  gateways: GatewayMode;
  accessLogSocket?: string;
};

/** A bare engine in a network namespace of its own. */
export class BareEngine {
  readonly gatewayClass: string;
  readonly #options: BareEngineOptions;
  readonly #directory: string;
  #namespace: NetworkNamespace | null = null;
  #engine: ChildProcess | null = null;
  #said = '';

  constructor(options: BareEngineOptions) {
    this.#options = options;
    this.#directory = options.directory;
    this.gatewayClass = options.name;
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
  async start(): Promise<void> {
    const { name, index, programs, gateways, accessLogSocket } = this.#options;
    if (existsSync(this.#config)) await this.#endFormer();
    await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory, { recursive: true });
    await writeFile(
      this.#config,
      JSON.stringify({
        name,
        profile: 'bare',
        dataDir: path.join(this.#directory, 'data'),
        runDir: path.join(this.#directory, 'run'),
        ...programs,
        gatewayClass: this.gatewayClass,
        gateways,
        ...(accessLogSocket !== undefined && { accessLogSocket }),
      }),
    );
    this.#namespace = createNetworkNamespace(name, index);
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

  /** The id of the process of a component, by its name in the engine's status. */
  async pidOf(component: string): Promise<number> {
    // What the engine writes of itself.
    const status = JSON.parse(await readFile(path.join(this.#directory, 'run/status.json'), 'utf8')) as {
      components: { name: string; pid?: number }[];
    };
    const pid = status.components.find(({ name }) => name === component)?.pid;
    if (pid === undefined) throw new Error(`the engine runs no ${component}`);
    return pid;
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
    return path.join(this.#options.programs.binDir, name);
  }

  /** Only ever inside: outside there may be another engine's network under the same names. */
  async #endFormer(): Promise<void> {
    const { name, index } = this.#options;
    if (!existsSync(`/run/netns/${name}`)) createNetworkNamespace(name, index);
    await this.#tearDown((command, args) => [
      'nsenter',
      [`--net=/run/netns/${name}`, '--', command, ...args],
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

/** Those of BRAINPOD_ENGINE_BIN and BRAINPOD_ENVOY_BINARY, or they are built. */
export function enginePrograms(): EnginePrograms {
  const { BRAINPOD_ENGINE_BIN: binDir, BRAINPOD_ENVOY_BINARY: envoyBinary } = process.env;
  if (binDir !== undefined && envoyBinary !== undefined) return { binDir, envoyBinary };
  const { stdout, status } = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, 'engine-build.ts')],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (status !== 0) throw new Error('the engine could not be built; see above');
  // The line that engine-build.ts prints.
  return JSON.parse(stdout) as EnginePrograms;
}
