import Type from 'typebox';
import { asksForRequests, DEFAULT_RANGE, EVENT_QUERY, eventPlace, RANGE_MS } from '../../event-query.ts';
import { EventList } from '../../event-schemas.ts';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { httpAccessBody, matcher } from '../../representations/event.ts';

const PAGE_SIZE = 100;

export const listPodEvents = podOperation({
  id: 'listPodEvents',
  method: 'GET',
  path: '/v1/pods/{pod}/events',
  tag: 'events',
  summary: 'List what happened to a resource, newest first',
  description:
    'Pages of at most 100. The time that `range` names ends with the first page’s request; further pages stay within it. A page that searches through much may hold few events, or none, and still have a next one.',
  access: { actions: ['events:read'] },
  query: Type.Object({
    ...EVENT_QUERY,
    cursor: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,15}-[0-9]{1,16}$',
        description: 'what an answer before gave as the cursor of the next page',
      }),
    ),
  }),
  body: NO_BODY,
  responses: {
    200: {
      description: 'A page of events',
      schema: EventList,
      headers: {
        'x-next-cursor': 'The cursor of the next page; absent on the last one',
        link: 'The address of the next page (RFC 8288); absent on the last one',
      },
    },
  },
  handle: async ({ deps, pod, query }) => {
    const place = await eventPlace(deps, pod, query);
    const [from, before] = (query.cursor ?? '').split('-');
    const fromMs = from ? Number(from) : Date.now() - RANGE_MS[query.range ?? DEFAULT_RANGE];
    const filter = { podId: pod.id, route: place.name, fromMs, matches: matcher(query.search) };
    const page = asksForRequests(place, query.kind)
      ? await deps.store.httpAccess.page(filter, {
          limit: PAGE_SIZE,
          ...(before === undefined ? {} : { before: Number(before) }),
        })
      : { events: [], nextBefore: null };
    const cursor = page.nextBefore === null ? null : `${fromMs}-${page.nextBefore}`;
    const next = cursor === null ? null : links.events(pod.name, { ...query, cursor });
    return {
      status: 200,
      body: {
        items: page.events.map(httpAccessBody),
        _links: { self: links.events(pod.name, query), next },
      },
      headers:
        next === null || cursor === null
          ? {}
          : { 'x-next-cursor': cursor, link: `<${next.href}>; rel="next"` },
    };
  },
});
