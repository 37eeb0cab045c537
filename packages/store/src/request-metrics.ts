import { DurationSketch } from '@brainpod/model/duration-sketch';
import { sql } from 'kysely';
import type { Database } from './tables.ts';

/** What a number of requests to one App through one Route, answered by one revision, amount to. */
export type RequestSum = {
  at: Date;
  route: string;
  app: string;
  revision: number;
  requests: number;
  errors: number;
  durations: DurationSketch;
};

export type MetricQuery = {
  podId: string;
  /** Requests through a Route, or to an App. */
  of: { route: string } | { app: string };
  from: Date;
  to: Date;
  /** How long a step is. Steps begin at whole multiples of it since 1970. */
  stepSeconds: number;
};

/** What requests amount to, over time. */
export class RequestMetrics {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** One sum for each step, Route, App and revision that had any request. */
  async read({ podId, of, from, to, stepSeconds }: MetricQuery): Promise<RequestSum[]> {
    const step = sql<Date>`to_timestamp(floor(extract(epoch from at) / ${stepSeconds}) * ${stepSeconds})`;
    const rows = await this.#db
      .selectFrom('request_metric')
      .select(['route', 'app', 'revision', 'requests', 'errors', 'durations', step.as('at')])
      .where('pod_id', '=', podId)
      .where('route' in of ? 'route' : 'app', '=', 'route' in of ? of.route : of.app)
      .where('at', '>=', from)
      .where('at', '<', to)
      .execute();
    return summed(rows);
  }
}

type Row = {
  at: Date;
  route: string;
  app: string;
  revision: number;
  requests: string;
  errors: string;
  durations: Buffer;
};

/** Adds up rows that are about the same, in the order of time and names. */
export function summed(rows: readonly Row[]): RequestSum[] {
  const sums = new Map<string, RequestSum>();
  for (const { at, route, app, revision, requests, errors, durations } of rows) {
    const key = JSON.stringify([at.getTime(), route, app, revision]);
    const sum = sums.get(key) ?? {
      at,
      route,
      app,
      revision,
      requests: 0,
      errors: 0,
      durations: new DurationSketch(),
    };
    sum.requests += Number(requests);
    sum.errors += Number(errors);
    sum.durations.merge(DurationSketch.decode(durations));
    sums.set(key, sum);
  }
  return [...sums.values()].sort(
    (a, b) =>
      a.at.getTime() - b.at.getTime() ||
      compare(a.route, b.route) ||
      compare(a.app, b.app) ||
      a.revision - b.revision,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
