import type { MetricsQuery, RequestMetrics } from '@brainpod/api-client/activity-client';
import { type Command, Option } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { resourceUrn } from '../flows/resource-urn.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';

type Options = {
  resource: string;
  range: NonNullable<MetricsQuery['range']>;
  step?: NonNullable<MetricsQuery['step']>;
};
type Sum = RequestMetrics['total'];

export function registerMetrics(program: Command, run: Runner): void {
  program
    .command('metrics')
    .description('Show how many requests there were, how many failed and how long they took')
    .requiredOption('--resource <resource>', 'a Route or an App: its URN, name or id')
    .addOption(
      new Option('--range <range>', 'how far back')
        .choices(['5m', '15m', '30m', '1h', '24h', '7d'])
        .default('15m'),
    )
    .addOption(
      new Option('--step <step>', 'with --json: how long each step is').choices([
        '10s',
        '1m',
        '5m',
        '15m',
        '1h',
      ]),
    )
    .action(run(metrics));
}

async function metrics(context: Context, options: Options): Promise<Result> {
  const { range, step } = options;
  const answer = await context.client().activity.requestMetrics(context.pod(), {
    resource: await resourceUrn(context, options.resource),
    range,
    ...(step === undefined ? {} : { step }),
  });
  return {
    json: answer,
    text: (style) =>
      table(
        style,
        ['ROUTE', 'APP', 'REVISION', 'REQUESTS', 'PER SECOND', 'ERRORS', 'P50', 'P95', 'P99'],
        answer.series.map(({ route, app, revision, total }) => [
          route,
          app,
          String(revision),
          ...sumCells(total, style),
        ]),
        'There were no requests in this time.',
      ),
  };
}

function sumCells({ requests, ratePerSecond, errors, p50Ms, p95Ms, p99Ms }: Sum, style: Style): string[] {
  const failed =
    errors === 0 ? '0' : style.red(`${errors} (${((errors / requests) * 100).toPrecision(2)} %)`);
  return [String(requests), String(ratePerSecond), failed, ...[p50Ms, p95Ms, p99Ms].map(durationText)];
}

function durationText(ms: number | null): string {
  return ms === null ? '-' : `${ms} ms`;
}
