import { type Connection, type EventOf, type Ok, type paths, RAW, streamAfter } from './connection.ts';

export type EventList = Ok<paths['/v1/pods/{pod}/events']['get']>;
export type PodEvent = EventList['items'][number];
export type EventQuery = NonNullable<paths['/v1/pods/{pod}/events']['get']['parameters']['query']>;
export type RequestMetrics = Ok<paths['/v1/pods/{pod}/metrics']['get']>;
export type MetricsQuery = NonNullable<paths['/v1/pods/{pod}/metrics']['get']['parameters']['query']>;
export type AuditList = Ok<paths['/v1/audit']['get']>;
export type AuditQuery = NonNullable<paths['/v1/audit']['get']['parameters']['query']>;
export type LogLine = EventOf<paths['/v1/pods/{pod}/resources/{kind}/{namespace}/{name}/logs']['get']>;

/** What happened and happens: events, output of apps, the audit log. */
export class ActivityClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  async listEvents(pod: string, query: EventQuery): Promise<EventList> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/events', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  /** One stream of events; it gives the id after which the next goes on. */
  async *watchEvents(
    pod: string,
    query: EventQuery & { duration: number },
    lastEventId: string,
  ): AsyncGenerator<PodEvent, { lastId: string }> {
    const call = this.#api.http.GET('/v1/pods/{pod}/events/watch', {
      params: { path: { pod }, query },
      ...streamAfter(lastEventId),
    });
    const records = this.#api.records(call, ['event', 'message']);
    for (let next = await records.next(); ; next = await records.next()) {
      if (next.done) return next.value;
      // The API's own schema describes these events.
      yield JSON.parse(next.value.data) as PodEvent;
    }
  }

  /** What the requests through a Route, or to an App, amount to. */
  async requestMetrics(pod: string, query: MetricsQuery): Promise<RequestMetrics> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/metrics', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  /** The output of an App's instances: what there is, and with `follow` what is written from then on. */
  async *followLogs(
    pod: string,
    app: string,
    query: { tail: number; since?: string; follow: boolean },
  ): AsyncGenerator<LogLine> {
    const { follow, ...rest } = query;
    const call = this.#api.http.GET('/v1/pods/{pod}/resources/{kind}/{namespace}/{name}/logs', {
      params: {
        path: { pod, kind: 'App', namespace: 'default', name: app },
        query: { ...rest, ...(follow ? {} : { follow: 'false' as const }) },
      },
      ...streamAfter(''),
    });
    for await (const { data } of this.#api.records(call, ['line'])) {
      // The API's own schema describes these events.
      yield JSON.parse(data) as LogLine;
    }
  }

  /** Of one pod, or of the whole account. Newest first. */
  async listAudit(pod: string | null, query: AuditQuery): Promise<AuditList> {
    const call =
      pod === null
        ? this.#api.http.GET('/v1/audit', { params: { query }, ...RAW })
        : this.#api.http.GET('/v1/pods/{pod}/audit', { params: { path: { pod }, query }, ...RAW });
    return await this.#api.answer(call);
  }
}
