import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { backOffMs, STEADY_MS } from './back-off.ts';
import type { LogFile } from './log-file.ts';
import { writePidFile } from './process-identity.ts';
import type { ProcessName, ProcessState, ProcessStatus } from './status.ts';
import { pause, waitUntil } from './wait.ts';

/** A command line with all it needs. Arguments are passed as they are, no shell sees them. */
export type Launch = {
  file: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  /** Who runs it; the supervisor's own user when absent. */
  user?: { uid: number; gid: number };
};

/** Thrown by `launch` when the process cannot run yet through nobody's fault; it waits until it is woken. */
export class NotYet extends Error {}

export type ProcessSpec = {
  name: ProcessName;
  /** Makes ready what the process needs and says how to start it. A fault here is retried like an exit. */
  launch: (signal: AbortSignal) => Promise<Launch>;
  isReady: (pid: number) => Promise<boolean>;
  /** What ends it, mildest first, each with the time it gets. After the last comes SIGKILL. */
  stop: readonly { signal: NodeJS.Signals; timeoutMs: number }[];
  /** What the kernel sends it when the supervisor dies, where the system can do that. */
  deathSignal: NodeJS.Signals;
  log: LogFile;
  pidFile: string;
  onStatus: (status: ProcessStatus) => void;
};

const SETPRIV = '/usr/bin/setpriv';
const LAST_LINE_LENGTH = 300;

/** Keeps one process running: starts it, watches it, starts it again with growing pauses when it ends. */
export class SupervisedProcess {
  readonly #spec: ProcessSpec;
  #running: { abort: AbortController; done: Promise<void> } | null = null;
  #wake: AbortController | null = null;
  #status: ProcessStatus;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.#status = { name: spec.name, state: 'stopped', restarts: 0, since: new Date().toISOString() };
    spec.onStatus(this.#status);
  }

  get status(): ProcessStatus {
    return this.#status;
  }

  /** Starts keeping it running; nothing happens when that is so already. */
  start(): void {
    if (this.#running !== null) return;
    const abort = new AbortController();
    this.#running = { abort, done: this.#keepRunning(abort.signal) };
  }

  /** Ends a pause of the back-off or a wait for something, so that the next start is tried now. */
  wake(): void {
    this.#wake?.abort();
  }

  /** Ends it in order and keeps it ended. Resolves when it is gone. */
  async stop(finalState: 'stopped' | 'lent' = 'stopped'): Promise<void> {
    const running = this.#running;
    if (running !== null) {
      running.abort.abort();
      await running.done;
      if (this.#running === running) this.#running = null;
    }
    this.#set(finalState);
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  async #keepRunning(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const outcome = await this.#runOnce(signal);
      if (signal.aborted) return;
      if (outcome.kind === 'not-yet') {
        this.#set('waiting', { message: outcome.message });
        await this.#sleep(60_000, signal);
        continue;
      }
      failures = performance.now() - startedAt >= STEADY_MS ? 1 : failures + 1;
      const pauseMs = backOffMs(failures);
      const message = `${outcome.message}; next start in ${formatSeconds(pauseMs)}`;
      this.#spec.log.write(`supervisor: ${this.#spec.name} ${message}\n`);
      this.#set('backoff', { message });
      await this.#sleep(pauseMs, signal);
      this.#status = { ...this.#status, restarts: this.#status.restarts + 1 };
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    await pause(ms, AbortSignal.any([signal, this.#wake.signal]));
    this.#wake = null;
  }

  async #runOnce(signal: AbortSignal): Promise<{ kind: 'ended' | 'not-yet'; message: string }> {
    this.#set('starting');
    let launch: Launch;
    try {
      launch = await this.#spec.launch(signal);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { kind: error instanceof NotYet ? 'not-yet' : 'ended', message };
    }
    if (signal.aborted) return { kind: 'ended', message: 'not started' };
    const child = spawnWithDeathSignal(launch, this.#spec.deathSignal);
    const lastLine = this.#collectOutput(child);
    const exited = exitOf(child);
    const { pid } = child;
    if (pid !== undefined) await this.#accompany(child, pid, exited, signal);
    return { kind: 'ended', message: describeEnd(await exited, lastLine()) };
  }

  async #accompany(
    child: ChildProcess,
    pid: number,
    exited: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#set('starting', { pid });
    await writePidFile(this.#spec.pidFile, pid);
    const over = new AbortController();
    void exited.then(() => over.abort());
    const either = AbortSignal.any([over.signal, signal]);
    if (
      await waitUntil(() => this.#isReady(pid), {
        timeoutMs: Number.POSITIVE_INFINITY,
        everyMs: 100,
        signal: either,
      })
    ) {
      this.#set('ready', { pid });
    }
    if (!either.aborted) await once(either, 'abort');
    if (signal.aborted && !over.signal.aborted) await this.#end(child, pid, over.signal);
    await exited;
    await rm(this.#spec.pidFile, { force: true });
  }

  async #isReady(pid: number): Promise<boolean> {
    try {
      return await this.#spec.isReady(pid);
    } catch (error) {
      this.#spec.log.write(`supervisor: asking ${this.#spec.name} whether it is ready: ${String(error)}\n`);
      return false;
    }
  }

  async #end(child: ChildProcess, pid: number, over: AbortSignal): Promise<void> {
    this.#set('stopping', { pid });
    for (const step of this.#spec.stop) {
      child.kill(step.signal);
      await pause(step.timeoutMs, over);
      if (over.aborted) return;
    }
    this.#spec.log.write(`supervisor: ${this.#spec.name} did not end in time and is killed\n`);
    child.kill('SIGKILL');
  }

  #collectOutput(child: ChildProcess): () => string {
    let last = '';
    const collect = (chunk: Buffer): void => {
      this.#spec.log.write(chunk);
      const line = chunk.toString('utf8').trimEnd().split('\n').at(-1)?.trim();
      if (line !== undefined && line !== '') last = line.slice(0, LAST_LINE_LENGTH);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    return () => last;
  }

  #set(state: ProcessState, more: { pid?: number; message?: string } = {}): void {
    const { name, restarts } = this.#status;
    this.#status = { name, state, restarts, since: new Date().toISOString(), ...more };
    this.#spec.onStatus(this.#status);
  }
}

function spawnWithDeathSignal(launch: Launch, deathSignal: NodeJS.Signals): ChildProcess {
  const options = {
    cwd: launch.cwd,
    env: launch.env,
    stdio: ['ignore', 'pipe', 'pipe'] as const satisfies ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in the terminal of `npm run dev` is not meant for it.
    detached: true,
    ...(launch.user ?? {}),
  };
  if (process.platform !== 'linux' || !existsSync(SETPRIV)) return spawn(launch.file, launch.args, options);
  const args = ['--pdeathsig', deathSignal.slice('SIG'.length), '--', launch.file, ...launch.args];
  return spawn(SETPRIV, args, options);
}

type End = { code: number | null; signal: NodeJS.Signals | null; error?: Error };

/** How a child ended, once its output is read to the end. Never rejects. */
function exitOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function describeEnd(end: End, lastLine: string): string {
  const how =
    end.error !== undefined
      ? `could not be started (${end.error.message})`
      : end.signal !== null
        ? `was ended by ${end.signal}`
        : `ended with exit code ${end.code}`;
  return lastLine === '' ? how : `${how}, having said: ${lastLine}`;
}

function formatSeconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}
