import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '@brainpod/model/errors';
import { errorBody } from './error-reply.ts';

/** Answers what is no HTTP, or too large in its headers, with the same envelope as everything else. */
export function refuseBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const told = apiErrorOf(error.code);
  const body = JSON.stringify(errorBody(told, randomUUID()));
  const lines = [
    `HTTP/1.1 ${told.httpStatus} ${STATUS_CODES[told.httpStatus]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function apiErrorOf(code: string | undefined): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') return new ApiError('REQUEST_TOO_LARGE', 'The headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError('REQUEST_TIMEOUT', 'The request took too long to arrive.');
  return new ApiError('BAD_REQUEST', 'The request is not valid HTTP.');
}
