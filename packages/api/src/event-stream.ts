import { once } from 'node:events';
import type { FastifyReply } from 'fastify';
import { errorBody, toApiError } from './error-reply.ts';

/** One record of an event stream. `data` is sent as JSON; an `id` lets a client resume after it. */
export type ServerSentEvent = { event: string; data: unknown; id?: string };

const HEARTBEAT_MS = 10_000;

/**
 * Answers with events as they happen until there are no more, or the caller is gone. What goes wrong on the way is a
 * last record `error` with the error's envelope: the status has been sent long before.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: AsyncIterable<ServerSentEvent>,
  callerGone: AbortSignal,
): Promise<FastifyReply> {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    ...reply.getHeaders(),
    'x-request-id': reply.request.id,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that collect answers before they pass them on would keep events from people.
    'x-accel-buffering': 'no',
  } as Record<string, string>);
  raw.flushHeaders();
  const heartbeat = setInterval(() => raw.write(':\n\n'), HEARTBEAT_MS);
  try {
    for await (const event of events) {
      if (!raw.write(recordOf(event))) await once(raw, 'drain', { signal: callerGone });
    }
  } catch (error) {
    if (!callerGone.aborted) {
      const told = toApiError(error);
      if (told.httpStatus >= 500) reply.log.error({ err: told.cause ?? told }, 'an event stream broke off');
      raw.write(recordOf({ event: 'error', data: errorBody(told, reply.request.id) }));
    }
  } finally {
    clearInterval(heartbeat);
    raw.end();
  }
  return reply;
}

function recordOf({ event, data, id }: ServerSentEvent): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    `event: ${event}`,
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join('\n')}\n\n`;
}
