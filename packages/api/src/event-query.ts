import { ApiError } from '@brainpod/model/errors';
import type { Kind } from '@brainpod/model/kind';
import { parseUrn } from '@brainpod/model/urn';
import type { PodRecord } from '@brainpod/store/pods';
import Type from 'typebox';
import type { ApiDependencies } from './dependencies.ts';
import { EVENT_LEVELS } from './event-schemas.ts';
import { noSuchResource } from './resource-path.ts';

// What operations on what happened take, and which resource they are about.

const MINUTE_MS = 60_000;

/** How far back, by what the parameter says. */
export const RANGE_MS = {
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '24h': 24 * 60 * MINUTE_MS,
  '7d': 7 * 24 * 60 * MINUTE_MS,
} as const;

export const DEFAULT_RANGE = '15m';

export const ResourceParameter = Type.String({
  maxLength: 256,
  description: 'the URN of a resource, such as urn:brain:route:default:web',
});

export const RangeParameter = Type.Enum(['5m', '15m', '30m', '1h', '24h', '7d'], {
  default: DEFAULT_RANGE,
  description: 'one of 5m, 15m, 30m, 1h, 24h, 7d',
});

/** What lists and streams of events have in common. */
export const EVENT_QUERY = {
  resource: ResourceParameter,
  kind: Type.Optional(
    Type.Enum(['app', 'httpAccess', 'platform'], { description: 'one of app, httpAccess, platform' }),
  ),
  search: Type.Optional(Type.String({ maxLength: 256, description: 'a text of at most 256 characters' })),
  level: Type.Optional(
    Type.Enum(EVENT_LEVELS, { description: 'one of trace, debug, info, warn, error; only with kind=app' }),
  ),
  range: Type.Optional(RangeParameter),
};

type Place = { kind: Kind; name: string };

const WITHOUT_EVENTS: readonly Kind[] = ['Disk', 'Config'];

/** Which resource a query is about. BAD_REQUEST for what is none that has events, or a level of what has none. */
export async function eventPlace(
  deps: ApiDependencies,
  pod: PodRecord,
  query: { resource: string; kind?: string; level?: string },
): Promise<Place> {
  const parsed = parseUrn(query.resource);
  const details = [
    ...(parsed.ok ? [] : parsed.faults.map(({ message }) => ({ path: 'resource', message }))),
    ...(parsed.ok && WITHOUT_EVENTS.includes(parsed.value.kind)
      ? [{ path: 'resource', message: `A ${parsed.value.kind} has no events.` }]
      : []),
    ...(query.level !== undefined && query.kind !== 'app'
      ? [{ path: 'level', message: 'Only events of kind=app have a level.' }]
      : []),
  ];
  if (!parsed.ok || details.length > 0) throw wrongQuery(details);
  await assertThere(deps, pod, parsed.value);
  return parsed.value;
}

export function wrongQuery(details: { path: string; message: string }[]): ApiError {
  return new ApiError('BAD_REQUEST', 'The query parameters have faults.', { details });
}

/** What runs counts, and what is to run. */
export async function assertThere(
  deps: ApiDependencies,
  pod: PodRecord,
  { kind, name }: Place,
): Promise<void> {
  for (const revision of [pod.deployed, pod.head]) {
    if (revision === null) continue;
    if ((await deps.store.resources.find(revision.id, kind, name)) !== null) return;
  }
  throw noSuchResource({ kind, name }, pod.name);
}

/** Whether these events are of requests: the one kind that is kept today, and only Routes have it. */
export function asksForRequests(place: Place, kind: string | undefined): boolean {
  return place.kind === 'Route' && (kind === undefined || kind === 'httpAccess');
}
