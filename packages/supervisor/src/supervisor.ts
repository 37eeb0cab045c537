import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { inheritedEnvironment, operatorsChoices, serverEnvironment } from './child-environment.ts';
import type { ControlReply, ControlRequest } from './control-protocol.ts';
import {
  type EngineBinaries,
  isEngineReady,
  prepareEngine,
  recallEngineBinaries,
  rememberEngineBinaries,
  tearDownEngine,
} from './engine.ts';
import { isListening } from './listening.ts';
import type { Locations } from './locations.ts';
import { LogFile } from './log-file.ts';
import { isPostgresReady, preparePostgres } from './postgres.ts';
import { endRecorded } from './process-identity.ts';
import { prepareRegistry } from './registry.ts';
import { apiEndpoint, apiHost, type Settings, writeSettings } from './settings.ts';
import { type ProcessName, StatusBoard, type SupervisorStatus } from './status.ts';
import { type Launch, type ProcessSpec, SupervisedProcess } from './supervised-process.ts';

/** How the server is run: a Node and what follows it on the command line. */
export type ServerProgram = { node: string; args: readonly string[]; cwd: string };

export type SupervisorOptions = {
  locations: Locations;
  settings: Settings;
  server: ServerProgram;
  program: { root: string; version: string };
  environment: Record<string, string | undefined>;
};

type Stops = ProcessSpec['stop'];

/** Mildest first. PostgreSQL takes SIGINT for "end now, in order" and SIGQUIT for "end at once, recover later". */
const STOPS: Record<ProcessName, Stops> = {
  server: [{ signal: 'SIGTERM', timeoutMs: 20_000 }],
  engine: [{ signal: 'SIGTERM', timeoutMs: 90_000 }],
  registry: [{ signal: 'SIGTERM', timeoutMs: 10_000 }],
  postgres: [
    { signal: 'SIGINT', timeoutMs: 30_000 },
    { signal: 'SIGQUIT', timeoutMs: 10_000 },
  ],
};

/** In the order in which they are ended; PostgreSQL last, as the others still write into it. */
const ALL_PROCESSES: readonly ProcessName[] = ['server', 'engine', 'registry', 'postgres'];

/** Owns PostgreSQL, the server and the engine of one machine. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #locations: Locations;
  readonly #board: StatusBoard;
  readonly #processes = new Map<ProcessName, SupervisedProcess>();
  readonly #log: LogFile;
  readonly #inherited: Record<string, string>;
  readonly #choices: Record<string, string>;
  #settings: Settings;
  #binaries: EngineBinaries | null = null;
  #lender: AbortSignal | null = null;
  #stagesFrom: AbortSignal | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#locations = options.locations;
    this.#settings = options.settings;
    this.#inherited = inheritedEnvironment(options.environment);
    this.#choices = operatorsChoices(options.environment);
    this.#log = new LogFile(path.join(options.locations.logDir, 'supervisor.log'));
    const api = apiEndpoint(options.settings);
    this.#board = new StatusBoard(options.locations.status, api, (error) =>
      this.log(`status not written: ${String(error)}`),
    );
  }

  /** Ends what an earlier supervisor left, then starts everything that can be started. */
  async start(): Promise<void> {
    await this.#endOrphans();
    this.#binaries = await recallEngineBinaries(this.#locations.engineBinaries);
    for (const name of this.#wanted()) this.#process(name).start();
  }

  /** Ends everything in order. With `keepApps`, what outlives the engine goes on. */
  async stop(keepApps: boolean): Promise<void> {
    await this.#processes.get('server')?.stop();
    await this.#processes.get('engine')?.stop();
    await this.#processes.get('registry')?.stop();
    try {
      if (!keepApps) await this.#tearDown();
    } finally {
      await this.#processes.get('postgres')?.stop();
      await this.#board.settled();
    }
  }

  /** Removes the traces in the run directory that would say that something still runs. */
  async leave(): Promise<void> {
    await this.#board.settled();
    for (const file of [
      this.#locations.status,
      this.#locations.controlSocket,
      this.#locations.supervisorPid,
    ]) {
      await rm(file, { force: true });
    }
  }

  log(line: string): void {
    this.#log.write(`${new Date().toISOString()} ${line}\n`);
  }

  status(): SupervisorStatus {
    const binDir = this.#binaries === null ? {} : { binDir: this.#binaries.binDir };
    return { ...this.#board.snapshot(), program: this.#options.program, ...binDir };
  }

  async handle(request: Exclude<ControlRequest, { op: 'stop' }>, closed: AbortSignal): Promise<ControlReply> {
    switch (request.op) {
      case 'status':
        break;
      case 'stage':
        this.#board.setStage(request.stage);
        this.#watchStages(closed);
        break;
      case 'clear-stages':
        this.#board.clearStages();
        break;
      case 'engine-ready':
        await this.#useBinaries(request);
        break;
      case 'configure':
        await this.#configure(request.settings);
        break;
      case 'restart-server':
        await this.#process('server').restart();
        break;
      case 'lend-server':
        return this.#lendServer(closed);
    }
    return { ok: true, status: this.status() };
  }

  /** Stages whose teller is gone come to no end any more. */
  #watchStages(closed: AbortSignal): void {
    if (this.#stagesFrom === closed) return;
    this.#stagesFrom = closed;
    closed.addEventListener('abort', () => {
      if (this.#stagesFrom !== closed) return;
      this.#board.endRunningStages('interrupted');
    });
  }

  async #useBinaries(found: EngineBinaries): Promise<void> {
    const binaries =
      found.envoyBinary === undefined
        ? { binDir: found.binDir }
        : { binDir: found.binDir, envoyBinary: found.envoyBinary };
    const before = this.#binaries;
    this.#binaries = binaries;
    await rememberEngineBinaries(this.#locations.engineBinaries, binaries);
    const user = this.#process(this.#settings.mode === 'embedded' ? 'engine' : 'registry');
    const changed =
      before !== null && (before.binDir !== binaries.binDir || before.envoyBinary !== binaries.envoyBinary);
    if (changed) {
      this.log(`programs change from ${before.binDir} to ${binaries.binDir}`);
      await user.restart();
    } else {
      user.start();
      user.wake();
    }
  }

  async #configure(settings: Settings): Promise<void> {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    if (apiEndpoint(settings) !== apiEndpoint(this.#settings)) {
      throw new Error(
        'The address of the API cannot be changed while Brainpod runs. Run: npx brainpod engine down',
      );
    }
    this.log('settings change');
    const before = new Set(this.#wanted());
    await writeSettings(this.#locations.settings, settings);
    await this.#processes.get('server')?.stop();
    await this.#processes.get('engine')?.stop();
    await this.#processes.get('registry')?.stop();
    if (this.#settings.mode === 'embedded' && settings.mode === 'external') await this.#tearDown();
    this.#settings = settings;
    for (const name of before) if (!this.#wanted().includes(name)) this.log(`${name} is not needed any more`);
    for (const name of this.#wanted()) this.#process(name).start();
  }

  async #lendServer(closed: AbortSignal): Promise<ControlReply> {
    if (this.#lender !== null) throw new Error('npm run dev runs already in another terminal.');
    this.#lender = closed;
    const takeBack = (): void => {
      this.#lender = null;
      this.#process('server').start();
    };
    await this.#process('server').stop('lent');
    if (closed.aborted) takeBack();
    else closed.addEventListener('abort', takeBack, { once: true });
    return {
      ok: true,
      status: this.status(),
      environment: serverEnvironment(this.#settings, this.#locations),
    };
  }

  async #tearDown(): Promise<void> {
    if (this.#settings.mode !== 'embedded' || this.#binaries === null) return;
    await tearDownEngine(this.#locations, this.#binaries, this.#inherited);
  }

  async #endOrphans(): Promise<void> {
    await mkdir(this.#locations.pidDir, { recursive: true, mode: 0o755 });
    for (const name of ALL_PROCESSES) {
      const [first] = STOPS[name];
      if (first === undefined) continue;
      if (await endRecorded(this.#pidFile(name), first.signal, first.timeoutMs)) {
        this.log(`ended ${name} of an earlier supervisor`);
      }
    }
  }

  #wanted(): readonly ProcessName[] {
    return ['server', 'postgres', this.#settings.mode === 'embedded' ? 'engine' : 'registry'];
  }

  #process(name: ProcessName): SupervisedProcess {
    const existing = this.#processes.get(name);
    if (existing !== undefined) return existing;
    const made = new SupervisedProcess(this.#spec(name));
    this.#processes.set(name, made);
    return made;
  }

  #spec(name: ProcessName): ProcessSpec {
    const [first] = STOPS[name];
    return {
      name,
      launch: () => this.#launch(name),
      isReady: (pid) => this.#isReady(name, pid),
      stop: STOPS[name],
      deathSignal: first?.signal ?? 'SIGTERM',
      log: new LogFile(path.join(this.#locations.logDir, `${name}.log`)),
      pidFile: this.#pidFile(name),
      onStatus: (status) => this.#board.setProcess(status),
    };
  }

  #launch(name: ProcessName): Promise<Launch> {
    const environment = this.#inherited;
    switch (name) {
      case 'postgres':
        return preparePostgres(this.#locations, environment);
      case 'server':
        return Promise.resolve(this.#launchServer());
      case 'engine':
        return prepareEngine(this.#settings, this.#locations, this.#binaries, environment);
      case 'registry':
        return prepareRegistry(this.#settings, this.#locations, this.#binaries, environment);
    }
  }

  #launchServer(): Launch {
    const { node, args, cwd } = this.#options.server;
    return {
      file: node,
      args,
      cwd,
      env: { ...this.#inherited, ...this.#choices, ...serverEnvironment(this.#settings, this.#locations) },
    };
  }

  #isReady(name: ProcessName, pid: number): Promise<boolean> {
    switch (name) {
      case 'postgres':
        return isPostgresReady(this.#locations.postgresData, pid);
      case 'server':
        return isListening(this.#settings.apiPort, apiHost(this.#settings));
      case 'engine':
        return isEngineReady(this.#locations.engineStatus, pid);
      case 'registry':
        return isListening(this.#settings.registryPort);
    }
  }

  #pidFile(name: ProcessName): string {
    return path.join(this.#locations.pidDir, `${name}.json`);
  }
}
