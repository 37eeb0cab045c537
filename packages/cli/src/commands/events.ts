import type { EventQuery, PodEvent } from '@brainpod/api-client/activity-client';
import { type Command, Option } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { cursorIn } from '../flows/find-revision.ts';
import { resourceUrn } from '../flows/resource-urn.ts';
import { wholeNumber } from '../kinds.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

type Options = {
  resource: string;
  kind?: 'app' | 'http-access' | 'platform';
  level?: NonNullable<EventQuery['level']>;
  search?: string;
  range: NonNullable<EventQuery['range']>;
  cursor?: string;
  watch?: boolean;
  duration?: number;
  lastEventId?: string;
};

const DEFAULT_DURATION_SECONDS = 10;

export function registerEvents(program: Command, run: Runner): void {
  program
    .command('events')
    .description('Show what happened to a resource: output, notices of the platform, requests')
    .requiredOption('--resource <resource>', 'its URN, name or id')
    .addOption(new Option('--kind <kind>', 'only these').choices(['app', 'http-access', 'platform']))
    .addOption(
      new Option('--level <level>', 'with --kind app: only this level').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
      ]),
    )
    .option('--search <text>', 'only those that hold this text')
    .addOption(
      new Option('--range <range>', 'how far back')
        .choices(['5m', '15m', '30m', '1h', '24h', '7d'])
        .default('15m'),
    )
    .option('--cursor <cursor>', 'go on after this page')
    .option('--watch', 'go on with what happens')
    .option(
      '--duration <seconds>',
      `with --watch: how long one connection lasts, 1 to 20 (default: ${DEFAULT_DURATION_SECONDS})`,
      wholeNumber(1, 20),
    )
    .option('--last-event-id <id>', 'with --watch: go on after this event')
    .action(run(events));
}

async function events(context: Context, options: Options): Promise<Result | null> {
  checkOptions(options);
  const query: EventQuery = {
    resource: await resourceUrn(context, options.resource),
    range: options.range,
    ...(options.kind === undefined
      ? {}
      : { kind: options.kind === 'http-access' ? 'httpAccess' : options.kind }),
    ...(options.level === undefined ? {} : { level: options.level }),
    ...(options.search === undefined ? {} : { search: options.search }),
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
  };
  if (options.watch === true) {
    await watch(context, { ...query, duration: options.duration ?? DEFAULT_DURATION_SECONDS }, options);
    return null;
  }
  const list = await context.client().activity.listEvents(context.pod(), query);
  return {
    json: list,
    text: (style) => {
      const rows = list.items.map((event) => eventRow(event, style));
      const text = table(style, ['TIME', 'KIND', 'LEVEL', 'WHAT'], rows, 'Nothing happened in this time.');
      const cursor = cursorIn(list._links.next);
      return cursor === null ? text : `${text}\n${style.dim(`More: add --cursor ${cursor}`)}`;
    },
  };
}

function checkOptions(options: Options): void {
  const faults = [
    options.level !== undefined && options.kind !== 'app' ? '--level needs --kind app.' : '',
    options.duration !== undefined && options.watch !== true ? '--duration needs --watch.' : '',
    options.lastEventId !== undefined && options.watch !== true ? '--last-event-id needs --watch.' : '',
  ].filter(Boolean);
  if (faults.length > 0) throw new CliFailure(faults.join(' '), { exitCode: 2 });
}

/** One connection after the other, each with the same query and after the last event that was seen. */
async function watch(
  context: Context,
  query: EventQuery & { duration: number },
  options: Options,
): Promise<void> {
  let lastId = options.lastEventId ?? '';
  while (!context.io.signal.aborted) {
    const stream = context.client().activity.watchEvents(context.pod(), query, lastId);
    try {
      for (let next = await stream.next(); ; next = await stream.next()) {
        if (next.done) {
          lastId = next.value.lastId || lastId;
          break;
        }
        const event = next.value;
        context.line(event, (style) => eventRow(event, style).filter(Boolean).join('  '));
      }
    } catch (error) {
      if (context.io.signal.aborted) return;
      throw error;
    }
  }
}

function eventRow(event: PodEvent, style: Style): string[] {
  const level = event.kind === 'app' ? paintLevel(style, event.level) : '';
  return [localTime(event.timestamp), event.kind, level, whatHappened(event, style)];
}

/** What a server leaves out of an event is left out here too. */
function whatHappened(event: PodEvent, style: Style): string {
  if (event.kind !== 'httpAccess') {
    const reason = event.kind === 'platform' ? event.reason : '';
    return [reason ? style.bold(reason) : '', event.body].filter(Boolean).join(' ');
  }
  const { status, method, host, path, durationMs, responseFlags } = event;
  const address = `${host ?? ''}${path ?? ''}`;
  const took = durationMs === undefined ? '' : `${durationMs} ms`;
  return [status, method, address, took, responseFlags]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}

function paintLevel(style: Style, level: string): string {
  if (level === 'error') return style.red(level);
  return level === 'warn' ? style.yellow(level) : level;
}
