import type { EventQuery, PodEvent } from '@brainpod/api-client/activity-client';
import { type Command, Option } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { cursorIn } from '../flows/find-revision.ts';
import { wholeNumber } from '../kinds.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

type Options = {
  resource: string;
  kind?: string;
  level?: string;
  search?: string;
  range: string;
  cursor?: string;
  watch?: boolean;
  duration?: number;
  lastEventId?: string;
};

const KIND_IN_API = new Map([['http-access', 'httpAccess']]);
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
  const query = {
    resource: await urnOf(context, options.resource),
    range: options.range,
    ...(options.kind === undefined ? {} : { kind: KIND_IN_API.get(options.kind) ?? options.kind }),
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

async function urnOf(context: Context, named: string): Promise<string> {
  if (named.startsWith('urn:')) return named;
  return (await context.client().resolveResource(context.pod(), named)).urn;
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
  const request = [event.method, event.host === undefined ? event.path : `${event.host}${event.path ?? ''}`];
  const tookMs = event.durationMs === undefined ? '' : `${event.durationMs} ms`;
  const what =
    event.kind === 'httpAccess'
      ? [event.status, ...request, tookMs].filter((each) => each !== undefined && each !== '').join(' ')
      : [event.reason === undefined ? '' : style.bold(event.reason), event.body ?? '']
          .filter(Boolean)
          .join(' ');
  return [localTime(event.timestamp), event.kind, paintLevel(style, event.level ?? ''), what];
}

function paintLevel(style: Style, level: string): string {
  if (level === 'error') return style.red(level);
  return level === 'warn' ? style.yellow(level) : level;
}
