import { DurationSketch } from '@brainpod/model/duration-sketch';
import { parseUrn } from '@brainpod/model/urn';
import type { RequestSum } from '@brainpod/store/request-metrics';
import Type from 'typebox';
import {
  assertThere,
  DEFAULT_RANGE,
  RANGE_MS,
  RangeParameter,
  ResourceParameter,
  wrongQuery,
} from '../../event-query.ts';
import { RequestMetrics, type RequestMetricsBody } from '../../event-schemas.ts';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';

const STEP_SECONDS = { '10s': 10, '1m': 60, '5m': 300, '15m': 900, '1h': 3600 } as const;
const DEFAULT_STEP = {
  '5m': '10s',
  '15m': '10s',
  '30m': '1m',
  '1h': '1m',
  '24h': '15m',
  '7d': '1h',
} as const;
const MOST_STEPS = 1500;
const MS = 1000;

export const getPodMetrics = podOperation({
  id: 'getPodMetrics',
  method: 'GET',
  path: '/v1/pods/{pod}/metrics',
  tag: 'events',
  summary: 'Get what the requests through a Route, or to an App, amount to',
  description:
    'How many, how many failed, and how long they took, by Route, App and revision. Steps without a request are left out. Quantiles are at most 1 % off. Kept for 7 days; steps of 10 seconds for two hours.',
  access: { actions: ['events:read'] },
  query: Type.Object({
    resource: ResourceParameter,
    range: Type.Optional(RangeParameter),
    step: Type.Optional(
      Type.Enum(['10s', '1m', '5m', '15m', '1h'], { description: 'one of 10s, 1m, 5m, 15m, 1h' }),
    ),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'The sums', schema: RequestMetrics } },
  handle: async ({ deps, pod, query }) => {
    const { range = DEFAULT_RANGE, resource } = query;
    const stepSeconds = STEP_SECONDS[query.step ?? DEFAULT_STEP[range]];
    const { kind, name } = readPlace(resource, { range, stepSeconds });
    await assertThere(deps, pod, { kind, name });
    // Whole steps only: half of one would look like a fall in the rate.
    const stepMs = stepSeconds * MS;
    const to = Math.ceil(Date.now() / stepMs) * stepMs;
    const from = to - Math.max(RANGE_MS[range], stepMs);
    const sums = await deps.store.requestMetrics.read({
      podId: pod.id,
      of: kind === 'Route' ? { route: name } : { app: name },
      from: new Date(from),
      to: new Date(to),
      stepSeconds,
    });
    const window = { from, to: Math.min(to, Date.now()), stepSeconds };
    return {
      status: 200,
      body: { resource, ...metricsBody(sums, window), _links: { self: links.metrics(pod.name, query) } },
    };
  },
});

function readPlace(
  resource: string,
  { range, stepSeconds }: { range: keyof typeof RANGE_MS; stepSeconds: number },
) {
  const parsed = parseUrn(resource);
  const details = parsed.ok ? [] : parsed.faults.map(({ message }) => ({ path: 'resource', message }));
  if (parsed.ok && parsed.value.kind !== 'Route' && parsed.value.kind !== 'App') {
    details.push({ path: 'resource', message: 'Only Routes and Apps have requests.' });
  }
  if (RANGE_MS[range] / MS / stepSeconds > MOST_STEPS) {
    details.push({
      path: 'step',
      message: `Too short for this range: there may be ${MOST_STEPS} steps at most.`,
    });
  }
  if (!parsed.ok || details.length > 0) throw wrongQuery(details);
  return parsed.value;
}

type Window = { from: number; to: number; stepSeconds: number };

function metricsBody(sums: readonly RequestSum[], { from, to, stepSeconds }: Window) {
  const seconds = (to - from) / MS;
  const series = Map.groupBy(sums, ({ route, app, revision }) => JSON.stringify([route, app, revision]));
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    stepSeconds,
    total: sumBody(sums, seconds),
    series: [...series.values()].flatMap((points): RequestMetricsBody['series'] => {
      const [first] = points;
      if (first === undefined) return [];
      const { route, app, revision } = first;
      const total = sumBody(points, seconds);
      return [{ route, app, revision, total, points: points.map((sum) => pointBody(sum, stepSeconds)) }];
    }),
  };
}

function pointBody(sum: RequestSum, stepSeconds: number) {
  return { timestamp: sum.at.toISOString(), ...sumBody([sum], stepSeconds) };
}

function sumBody(sums: readonly RequestSum[], seconds: number) {
  const durations = new DurationSketch();
  for (const sum of sums) durations.merge(sum.durations);
  const requests = sums.reduce((total, sum) => total + sum.requests, 0);
  const quantile = (part: number) => {
    const ms = durations.quantile(part);
    return ms === null ? null : Number(ms.toPrecision(4));
  };
  return {
    requests,
    errors: sums.reduce((total, sum) => total + sum.errors, 0),
    ratePerSecond: Number((requests / seconds).toPrecision(4)),
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
  };
}
