import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pause } from '@brainpod/supervisor/wait';
import { type Command, InvalidArgumentError } from 'commander';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { locationsOf } from './engine-machine.ts';

/** What is shown when no component is named: enough to see why something does not start. */
const MAIN = ['supervisor', 'postgres', 'server', 'engine', 'registry'];
const TAIL_BYTES = 1024 * 1024;
const FOLLOW_MS = 200;

type Options = { follow?: boolean; lines: number };

export function registerEngineLogs(engine: Command, io: Io): void {
  engine
    .command('logs')
    .description("Show a component's log, or the last lines of the main ones")
    .argument('[component]', 'such as server, engine, postgres, kubelet, envoy')
    .option('-f, --follow', 'go on with what is written')
    .option('-n, --lines <n>', 'how many of the last lines', parseLines, 100)
    .action(async (component: string | undefined, options: Options) => logs(io, component, options));
}

async function logs(io: Io, component: string | undefined, options: Options): Promise<void> {
  const { logDir } = locationsOf(io);
  const available = await componentsIn(logDir);
  if (component !== undefined && !available.includes(component)) {
    throw new CliFailure(
      `There is no log of "${component}". There is: ${available.join(', ') || 'none yet'}.`,
      { exitCode: 2 },
    );
  }
  const shown = component === undefined ? available.filter((name) => MAIN.includes(name)) : [component];
  const prefix = shown.length > 1;
  const tails = shown.map(
    (name) => new Tail(path.join(logDir, `${name}.log`), prefix ? `${name.padEnd(10)} | ` : ''),
  );
  for (const tail of tails) {
    for (const line of await tail.last(options.lines)) io.stdout.write(`${line}\n`);
  }
  while (options.follow === true && !io.signal.aborted) {
    for (const tail of tails) {
      for (const line of await tail.more()) io.stdout.write(`${line}\n`);
    }
    await pause(FOLLOW_MS, io.signal);
  }
}

async function componentsIn(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith('.log'))
      .map((name) => name.slice(0, -'.log'.length))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') {
      throw new CliFailure(`The logs in ${directory} are for root. Run the same command with sudo.`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Reads a log that grows, and that is moved aside when it is large. */
export class Tail {
  readonly #file: string;
  readonly #prefix: string;
  #inode = 0;
  #position = 0;
  #rest = '';

  constructor(file: string, prefix: string) {
    this.#file = file;
    this.#prefix = prefix;
  }

  /** The last whole lines that are there now. */
  async last(count: number): Promise<string[]> {
    const { ino, size } = await stat(this.#file);
    this.#inode = ino;
    this.#position = Math.max(0, size - TAIL_BYTES);
    const cut = this.#position > 0;
    const lines = await this.more();
    return (cut ? lines.slice(1) : lines).slice(Math.max(0, lines.length - count));
  }

  /** The whole lines written since the last call, those before the file was moved aside included. */
  async more(): Promise<string[]> {
    const { ino, size } = await stat(this.#file);
    const lines = ino === this.#inode ? [] : await this.#restOfMoved();
    if (ino !== this.#inode || size < this.#position) {
      this.#inode = ino;
      this.#position = 0;
    }
    return [...lines, ...(await this.#read(this.#file))];
  }

  async #restOfMoved(): Promise<string[]> {
    const moved = `${this.#file}.1`;
    try {
      return (await stat(moved)).ino === this.#inode ? await this.#read(moved) : [];
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  async #read(file: string): Promise<string[]> {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.max(0, size - this.#position));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#position);
      this.#position += bytesRead;
      const lines = (this.#rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines.map((line) => this.#prefix + line);
    } finally {
      await handle.close();
    }
  }
}

function parseLines(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 100_000) return value;
  throw new InvalidArgumentError('A number from 0 to 100000.');
}
