import { type PlacedHttpAccess, unpackEvents } from './packed-events.ts';
import type { Database } from './tables.ts';

/** Which events of a Route; `matches` is asked of each. */
export type EventFilter = {
  podId: string;
  route: string;
  /** When they were over, at the earliest: ms since 1970. */
  fromMs: number;
  matches: (event: PlacedHttpAccess) => boolean;
};

/** Newest first. `nextBefore` is where to go on; null where there is nothing more. */
export type EventPage = { events: PlacedHttpAccess[]; nextBefore: number | null };

const CHUNKS_AT_ONCE = 16;
// A search that finds little ends its page early instead of reading for a minute; the next page goes on from there.
const MOST_EVENTS_LOOKED_AT = 200_000;
const US_PER_MS = 1000;

/** What is kept of requests through Routes, one by one. */
export class HttpAccessEvents {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A page of at most `limit` events, those before a position. It may hold fewer although there are more. */
  async page(filter: EventFilter, { limit, before }: { limit: number; before?: number }): Promise<EventPage> {
    const events: PlacedHttpAccess[] = [];
    let lookedAt = 0;
    let end = before ?? Number.MAX_SAFE_INTEGER;
    while (lookedAt < MOST_EVENTS_LOOKED_AT) {
      const chunks = await this.#chunks(filter)
        .where('first_position', '<', String(end))
        .orderBy('last_position', 'desc')
        .limit(CHUNKS_AT_ONCE)
        .execute();
      for (const chunk of chunks) {
        for (const event of unpackEvents(chunk.data, Number(chunk.first)).reverse()) {
          if (event.position >= end || event.atMs < filter.fromMs || !filter.matches(event)) continue;
          if (events.length === limit) return { events, nextBefore: events.at(-1)?.position ?? 0 };
          events.push(event);
        }
        lookedAt += chunk.count;
        end = Math.min(end, Number(chunk.first));
      }
      if (chunks.length < CHUNKS_AT_ONCE) return { events, nextBefore: null };
    }
    return { events, nextBefore: end };
  }

  /**
   * What came after a position, oldest first, a bounded part at a time. `reached` is the position up to which everything
   * has been looked at.
   */
  async after(
    filter: EventFilter,
    position: number,
  ): Promise<{ events: PlacedHttpAccess[]; reached: number }> {
    const chunks = await this.#chunks(filter)
      .where('last_position', '>', String(position))
      .orderBy('last_position')
      .limit(CHUNKS_AT_ONCE)
      .execute();
    const events = chunks
      .flatMap(({ data, first }) => unpackEvents(data, Number(first)))
      .filter((event) => event.position > position && event.atMs >= filter.fromMs && filter.matches(event));
    return { events, reached: Number(chunks.at(-1)?.last ?? position) };
  }

  /** The newest position of all: whoever goes on from here misses nothing that comes. */
  async lastPosition(): Promise<number> {
    const { last } = await this.#db.selectFrom('event_position').select('last').executeTakeFirstOrThrow();
    return Number(last);
  }

  #chunks({ podId, route, fromMs }: EventFilter) {
    return (
      this.#db
        .selectFrom('http_access_chunk')
        .select(['data', 'first_position as first', 'last_position as last', 'event_count as count'])
        .where('pod_id', '=', podId)
        .where('route', '=', route)
        // A request is recorded after it was over, so no earlier chunk can hold one that is asked for.
        .where('last_position', '>=', String(Math.max(0, Math.floor(fromMs * US_PER_MS))))
    );
  }
}
