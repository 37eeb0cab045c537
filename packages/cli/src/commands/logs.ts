import type { LogLine } from '@brainpod/api-client/activity-client';
import { ConnectionFailure } from '@brainpod/api-client/failure';
import { pause } from '@brainpod/supervisor/wait';
import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { wholeNumber } from '../kinds.ts';
import type { Style } from '../text/style.ts';

type Options = { follow?: boolean; tail: number };

const RECONNECT_MS = 1000;

export function registerLogs(program: Command, run: Runner): void {
  program
    .command('logs')
    .description('Show the output of an app')
    .argument('<app>', 'name of the app')
    .option('-f, --follow', 'go on with what is written')
    .option('--tail <lines>', 'how many of the last lines of each instance', wholeNumber(0, 1000), 100)
    .action(
      run(async (context, app: string, options: Options) => {
        const show = new LineWriter(context);
        if (options.follow === true) await follow(context, app, options.tail, show);
        else await all(context, app, { tail: options.tail, follow: false }, show);
        return null;
      }),
    );
}

/** One stream lasts some minutes: the next goes on where it ended, until the person has seen enough. */
async function follow(context: Context, app: string, tail: number, show: LineWriter): Promise<void> {
  const { signal } = context.io;
  while (!signal.aborted) {
    const since = show.lastAt === null ? {} : { since: show.lastAt };
    try {
      await all(context, app, { tail: show.lastAt === null ? tail : MOST, follow: true, ...since }, show);
    } catch (error) {
      if (signal.aborted) return;
      // Before the first line it is a mistake, after it a connection that broke.
      if (!(error instanceof ConnectionFailure) || show.lastAt === null) throw error;
      context.progress((style) => style.dim('The connection broke; connecting again …'));
      await pause(RECONNECT_MS, signal);
    }
  }
}

const MOST = 1000;

async function all(
  context: Context,
  app: string,
  query: { tail: number; follow: boolean; since?: string },
  show: LineWriter,
): Promise<void> {
  for await (const line of context.client().activity.followLogs(context.pod(), app, query)) show.write(line);
}

const COLOURS = ['cyan', 'green', 'yellow'] as const;

/** Prints lines, each instance in a colour of its own; a line that was shown before a new connection only once. */
class LineWriter {
  lastAt: string | null = null;
  readonly #context: Context;
  readonly #instances: string[] = [];
  #shownAtLast = new Set<string>();

  constructor(context: Context) {
    this.#context = context;
  }

  write(line: LogLine): void {
    const { instance, timestamp, body } = line;
    const key = JSON.stringify([instance, timestamp, body]);
    if (this.lastAt !== null && timestamp <= this.lastAt && this.#shownAtLast.has(key)) return;
    if (timestamp !== this.lastAt) this.#shownAtLast = new Set();
    this.#shownAtLast.add(key);
    this.lastAt = timestamp;
    if (!this.#instances.includes(instance)) this.#instances.push(instance);
    this.#context.line(line, (style) => `${this.#paint(style, instance)}  ${body}`);
  }

  #paint(style: Style, instance: string): string {
    const colour = COLOURS[this.#instances.indexOf(instance) % COLOURS.length] ?? 'cyan';
    return style[colour](instance);
  }
}
