import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ApiError } from '@brainpod/model/errors';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Deadline } from './deadline.ts';

/** What is no operation gets its body as it came, unread: unknown paths need none, proxies pass it on. */
export function leaveBodiesUnread(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
}

/** Operations take JSON, or nothing: clients send POSTs without a body, some with a Content-Type and some without. */
export function readJsonBodies(scope: FastifyInstance): void {
  // `__proto__` and `constructor` as keys are an attack or a mistake, never a field.
  const parseJson = scope.getDefaultJsonParser('error', 'error');
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text.trim() === '') done(null, undefined);
    else parseJson(request, text, (error, value) => done(error === null ? null : notJson(error), value));
  });
  scope.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    if (bytes.length === 0) done(null, undefined);
    else done(new ApiError('BAD_REQUEST', 'The body must be JSON, with Content-Type: application/json.'));
  });
}

/** What is read as it comes is handed on as it comes. */
export function handBodiesOn(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

/** A body that ends with an error (REQUEST_TIMEOUT) when it has not arrived in time, and with it the connection. */
export function inTime(body: Readable, deadline: Deadline, reply: FastifyReply): Readable {
  const limited = body.pipe(new PassThrough());
  deadline.race(finished(body)).catch((error: Error) => {
    reply.header('connection', 'close');
    limited.destroy(error);
  });
  return limited;
}

/** The parser's own words repeat pieces of the body, which may be a secret: they stay with the cause. */
function notJson(cause: Error): ApiError {
  return new ApiError('BAD_REQUEST', 'The body is not valid JSON.', { cause });
}
