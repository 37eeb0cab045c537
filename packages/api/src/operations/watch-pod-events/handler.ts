import { setTimeout as delay } from 'node:timers/promises';
import type { EventFilter } from '@brainpod/store/http-access';
import Type from 'typebox';
import type { ApiDependencies } from '../../dependencies.ts';
import {
  asksForRequests,
  DEFAULT_RANGE,
  EVENT_QUERY,
  eventPlace,
  RANGE_MS,
  wrongQuery,
} from '../../event-query.ts';
import { Event } from '../../event-schemas.ts';
import type { ServerSentEvent } from '../../event-stream.ts';
import { NO_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { httpAccessBody, matcher } from '../../representations/event.ts';

const DEFAULT_SECONDS = 10;
const LOOK_INTERVAL_MS = 500;
const EVENT_ID = /^\d{1,16}$/;

export const watchPodEvents = podOperation({
  id: 'watchPodEvents',
  method: 'GET',
  path: '/v1/pods/{pod}/events/watch',
  tag: 'events',
  summary: 'Watch what happens to a resource',
  description:
    'Events `event`, oldest first: those of the time that `range` names, then each as it happens. Ends with an event `end` after `duration`. With Last-Event-ID, or `cursor`, only what came after that event, whatever `range` says; the `end` has an id to go on from as well.',
  access: { actions: ['events:read'] },
  query: Type.Object({
    ...EVENT_QUERY,
    cursor: Type.Optional(
      Type.String({ pattern: EVENT_ID.source, description: 'the id of an event to go on after' }),
    ),
    duration: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 20,
        default: DEFAULT_SECONDS,
        description: 'a whole number of seconds from 1 to 20 to stay',
      }),
    ),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'Events as they happen', schema: Event, isStream: true } },
  handle: async ({ deps, pod, query, headers, callerGone }) => {
    const place = await eventPlace(deps, pod, query);
    const lastSeen = headers['last-event-id'] ?? query.cursor;
    if (lastSeen !== undefined && (typeof lastSeen !== 'string' || !EVENT_ID.test(lastSeen))) {
      throw wrongQuery([
        { path: 'Last-Event-ID', message: 'Must be the id of an event, as a stream gave it.' },
      ]);
    }
    const filter = {
      podId: pod.id,
      route: place.name,
      fromMs: lastSeen === undefined ? Date.now() - RANGE_MS[query.range ?? DEFAULT_RANGE] : 0,
      matches: matcher(query.search),
    };
    const durationMs = (query.duration ?? DEFAULT_SECONDS) * 1000;
    const over = AbortSignal.any([AbortSignal.timeout(durationMs), callerGone(), deps.closing]);
    return {
      events: follow(deps, {
        filter: asksForRequests(place, query.kind) ? filter : null,
        position: Number(lastSeen ?? 0),
        over,
      }),
    };
  },
});

type Following = { filter: EventFilter | null; position: number; over: AbortSignal };

async function* follow(
  { store }: ApiDependencies,
  { filter, position, over }: Following,
): AsyncGenerator<ServerSentEvent> {
  let seen = position;
  do {
    // Asked for first: what is written meanwhile has a position beyond it, and is found next time.
    const newest = await store.httpAccess.lastPosition();
    while (filter !== null && seen < newest) {
      const { events, reached } = await store.httpAccess.after(filter, seen);
      for (const event of events) {
        const data = httpAccessBody(event);
        yield { event: 'event', id: data.id, data };
      }
      if (reached === seen) break;
      seen = reached;
      if (over.aborted) break;
    }
    if (!over.aborted || filter === null) seen = Math.max(seen, newest);
    await delay(LOOK_INTERVAL_MS, undefined, { signal: over }).catch(() => undefined);
  } while (!over.aborted);
  // Without an id here, who saw nothing would be told all of the range again each time.
  yield { event: 'end', id: String(seen), data: {} };
}
