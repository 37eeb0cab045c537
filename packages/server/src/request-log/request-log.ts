import { setTimeout as delay } from 'node:timers/promises';
import { serveAccessLog } from '@brainpod/edge/access-log/access-log-server';
import type { EdgeCount } from '@brainpod/store/request-records';
import type { RequestBounds } from '@brainpod/store/request-upkeep';
import type { Store } from '@brainpod/store/store';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { Logger } from 'pino';
import { type RecordCounts, RequestRecorder } from './request-recorder.ts';

const UPKEEP_INTERVAL_MS = 60_000;

export type RequestLog = { counts: Readonly<RecordCounts>; stop(): Promise<void> };

/** Takes the record of each request from the edge, and keeps what is known of requests within bounds, until it is stopped. */
export async function keepRequestLog(parts: {
  store: Store;
  logger: Logger;
  /** A unix socket's path; the edge is told the same. */
  socket: string;
  bounds: RequestBounds;
  /** What the edge has counted; null when it cannot be asked. */
  readEdge: () => Promise<EdgeCount | null>;
}): Promise<RequestLog> {
  const { store, logger, socket, bounds } = parts;
  const stopping = new AbortController();
  const recorder = new RequestRecorder({ store, logger, readEdge: parts.readEdge });
  const server = await serveAccessLog({
    socket,
    onRecords: (records) => recorder.take(records),
    onFault: (error) => logger.error({ err: error }, 'what the edge told of requests is not understood'),
  });
  const running = [recorder.run(stopping.signal), upkeep(stopping.signal, parts, bounds)];
  return {
    counts: recorder.counts,
    async stop() {
      await server.close();
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function upkeep(
  signal: AbortSignal,
  { store, logger }: { store: Store; logger: Logger },
  bounds: RequestBounds,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.keepRequests(bounds);
    } catch (error) {
      // The next round does what this one could not.
      const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
      logger[level]({ err: error }, 'could not tidy up what is kept of requests');
    }
    await delay(UPKEEP_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
