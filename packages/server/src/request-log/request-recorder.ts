import { randomUUID } from 'node:crypto';
import type { AccessRecord } from '@brainpod/edge/access-log/access-record';
import type { HttpAccess } from '@brainpod/store/packed-events';
import type { EdgeCount, RequestBatch, RequestTally, RouteEvents } from '@brainpod/store/request-records';
import type { Store } from '@brainpod/store/store';
import type { Logger } from 'pino';
import { RequestSums } from './request-sums.ts';
import { mayBeOfPod, RouteTargets, type Target } from './route-targets.ts';

const FLUSH_INTERVAL_MS = 1000;
/** Metrics are for steps of 10 seconds; written each second they would be ten rows for each. */
const FLUSHES_PER_SUM = 5;
/** One pod's events in one interval; more are counted and not kept. */
const MOST_OF_A_POD = 2000;
/** While the database is away. */
const MOST_WAITING = 50_000;
const MOST_UNKNOWN = 2000;

/** What became of all records since the server started. */
export type RecordCounts = {
  received: number;
  stored: number;
  /** Requests to no App: a host or a path that nobody has. */
  withoutRoute: number;
  /** Beyond what one pod may have in a second, or while the database was away too long. */
  dropped: number;
  /** Requests that the edge counted and that are in no metric, of all time; null while that is not known. */
  lost: number | null;
};

/**
 * Takes what the edge tells of requests, finds out whom each was for, and stores it each second. Never makes the edge wait:
 * what is too much is dropped, and counted.
 */
export class RequestRecorder {
  readonly counts: RecordCounts = { received: 0, stored: 0, withoutRoute: 0, dropped: 0, lost: null };
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #readEdge: () => Promise<EdgeCount | null>;
  readonly #targets = new RouteTargets();
  readonly #writer = randomUUID();
  readonly #sums = new RequestSums();
  readonly #unlisten: () => void;
  #events = new Map<string, RouteEvents & { events: HttpAccess[] }>();
  #perPod = new Map<string, number>();
  #waiting = 0;
  #unknown: AccessRecord[] = [];
  #changed: Set<string> | null = null;
  #batch: RequestBatch | null = null;
  #batches = 0;
  #flushes = 0;
  /** In the metrics that are not handed over yet, or to nobody. */
  #recorded = 0;
  #isAway = false;

  constructor(parts: { store: Store; logger: Logger; readEdge: () => Promise<EdgeCount | null> }) {
    this.#store = parts.store;
    this.#readEdge = parts.readEdge;
    this.#logger = parts.logger;
    this.#unlisten = parts.store.onPodChanged((podId) => this.#changed?.add(podId));
  }

  take(records: readonly AccessRecord[]): void {
    this.counts.received += records.length;
    for (const record of records) {
      const target = this.#targets.find(record);
      if (target !== null) this.#keep(record, target);
      // It may be of a Route that went live a moment ago: it is looked at again when that is known.
      else if (mayBeOfPod(record.routeName) && this.#unknown.length < MOST_UNKNOWN)
        this.#unknown.push(record);
      else this.#passOver();
    }
  }

  #passOver(): void {
    this.counts.withoutRoute += 1;
    this.#recorded += 1;
  }

  /** Stores what comes until `signal`, then what is left. */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      const next = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FLUSH_INTERVAL_MS);
      });
      await Promise.race([ended, next]);
      clearTimeout(timer);
      await this.#flush(signal.aborted);
    }
    this.#unlisten();
  }

  #keep(record: AccessRecord, target: Target): void {
    const event = eventOf(record);
    this.#sums.add(target, { ...event, isError: isError(event) });
    this.#recorded += 1;
    const ofPod = this.#perPod.get(target.podId) ?? 0;
    if (ofPod >= MOST_OF_A_POD || this.#waiting >= MOST_WAITING) {
      this.counts.dropped += 1;
      return;
    }
    this.#perPod.set(target.podId, ofPod + 1);
    this.#waiting += 1;
    const key = `${target.podId}/${target.route}`;
    const events = this.#events.get(key)?.events;
    if (events === undefined) {
      this.#events.set(key, { podId: target.podId, route: target.route, events: [event] });
    } else events.push(event);
  }

  async #flush(isLast: boolean): Promise<void> {
    try {
      await this.#learn();
      // One that could not be stored is sent again as it was; the store knows whether it has it.
      if (this.#batch !== null) await this.#write(this.#batch);
      this.#flushes += 1;
      const isWhole = isLast || this.#flushes % FLUSHES_PER_SUM === 0;
      // Before the sums are taken: what comes meanwhile is recorded and not yet counted, which is no loss.
      const edge = isWhole ? await this.#readEdge() : null;
      const batch = this.#next(isWhole, edge);
      if (batch !== null) await this.#write(batch);
      if (this.#isAway) this.#logger.info({ ...this.counts }, 'requests are recorded again');
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) {
        this.#logger.warn({ err: error }, 'requests cannot be recorded; they wait for the database');
      }
      this.#isAway = true;
    }
  }

  /** Learns of Routes that changed, or of all the first time; then whom the unknown requests were for. */
  async #learn(): Promise<void> {
    const changed = this.#changed === null ? null : [...this.#changed];
    this.#changed = new Set();
    if (changed === null || changed.length > 0) {
      try {
        this.#targets.learn(await this.#store.liveRoutes(changed));
      } catch (error) {
        // Which changes came meanwhile matters no more: all is read again.
        this.#changed = null;
        throw error;
      }
    }
    const unknown = this.#unknown;
    this.#unknown = [];
    for (const record of unknown) {
      const target = this.#targets.find(record);
      if (target === null) this.#passOver();
      else this.#keep(record, target);
    }
  }

  #next(isWhole: boolean, edge: EdgeCount | null): RequestBatch | null {
    const metrics = isWhole ? this.#sums.take() : [];
    const tally = isWhole ? this.#takeTally(edge) : null;
    const events = [...this.#events.values()];
    this.#events = new Map();
    this.#perPod = new Map();
    if (events.length === 0 && metrics.length === 0 && tally === null) return null;
    this.#batches += 1;
    this.#batch = { writer: this.#writer, number: this.#batches, events, metrics, tally };
    return this.#batch;
  }

  #takeTally(edge: EdgeCount | null): RequestTally | null {
    if (edge === null && this.#recorded === 0) return null;
    const tally = { recorded: this.#recorded, edge };
    this.#recorded = 0;
    return tally;
  }

  async #write(batch: RequestBatch): Promise<void> {
    await this.#store.requestRecords.write(batch);
    const stored = batch.events.reduce((sum, { events }) => sum + events.length, 0);
    this.counts.stored += stored;
    this.#waiting -= stored;
    this.#batch = null;
    if (batch.tally?.edge) this.counts.lost = await this.#store.requestRecords.lost();
  }
}

function eventOf(record: AccessRecord): HttpAccess {
  return {
    atMs: Math.round(record.startMs + record.durationMs),
    method: record.method,
    path: record.path,
    host: record.authority,
    status: record.status,
    durationMs: record.durationMs,
    protocol: record.protocol || null,
    responseFlags: record.responseFlags || null,
    bytesSent: record.bytesSent,
    bytesReceived: record.bytesReceived,
    upstreamHost: record.upstreamHost || null,
    clientIp: record.clientIp || null,
    userAgent: record.userAgent || null,
    requestId: record.requestId || null,
  };
}

/** No answer is the app's fault only while somebody waited for it. */
function isError({ status, responseFlags }: HttpAccess): boolean {
  if (status >= 500) return true;
  return status === 0 && !/\bD[CR]\b/.test(responseFlags ?? '');
}
