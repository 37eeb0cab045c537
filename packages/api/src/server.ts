import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@brainpod/model/errors';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { refuseBrokenHttp } from './broken-http.ts';
import { mountBuildEvents } from './build-events.ts';
import { allowOrigins } from './cors.ts';
import type { ApiDependencies, ApiOptions } from './dependencies.ts';
import { errorBody, errorHeaders, toApiError } from './error-reply.ts';
import { endIdleConnections } from './idle-connections.ts';
import { OPERATIONS } from './operations.ts';
import { AddressRates, KeyRates } from './rate-limit.ts';
import { leaveBodiesUnread, readJsonBodies } from './request-body.ts';

// The longest domain; a URN of seven parts with the longest names, each colon encoded, is shorter.
const MAX_PARAMETER_CHARACTERS = 253;
const REQUEST_TIMEOUT_MS = 30_000;
const GIVEN_REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;
const REQUEST_ID_HEADER = 'x-request-id';

/**
 * Builds the server of `/v1`. It does not listen yet: whoever composes it may add routes of their own beside the
 * operations, then calls `listen`. `close` first tells calls that wait for a deploy to answer.
 */
export function buildServer(options: ApiOptions): FastifyInstance {
  const closing = new AbortController();
  const deps = dependenciesOf(options, closing.signal);
  const server: FastifyInstance = fastify({
    loggerInstance: options.logger,
    // One line per answer, below; headers and bodies are never logged.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: [...(options.trustedProxies ?? [])],
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
    genReqId: requestIdOf,
    clientErrorHandler: refuseBrokenHttp,
    frameworkErrors: (error, request, reply) => sendError(reply, error, request.log),
  });
  server.addHook('preClose', async () => closing.abort());
  endIdleConnections(server);
  allowOrigins(server, options.allowedOrigins ?? []);
  server.addHook('onSend', async (request, reply) => {
    reply.header(REQUEST_ID_HEADER, request.id);
  });
  server.addHook('onResponse', async (request, reply) => logAnswer(request, reply));
  server.setNotFoundHandler((request, reply) => {
    const message = `There is no operation ${request.method} ${request.url.split('?')[0]}. GET /v1/openapi.json lists those there are.`;
    return sendError(reply, new ApiError('NOT_FOUND', message), request.log);
  });
  leaveBodiesUnread(server);
  server.setErrorHandler((error, request, reply) => sendError(reply, error, request.log));
  // A scope of their own: what is mounted beside the operations reads its bodies in its own way.
  server.register(async (scope) => {
    readJsonBodies(scope);
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    for (const operation of OPERATIONS) operation.mount(scope, deps);
    mountBuildEvents(scope, deps);
  });
  return server;
}

function dependenciesOf(options: ApiOptions, closing: AbortSignal): ApiDependencies {
  const { store, rateLimit, guessLimit, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  return {
    ...options,
    requestTimeoutMs,
    closing,
    keyRates: rateLimit == null ? null : new KeyRates(store.rateBudgets, rateLimit),
    addressRates: guessLimit == null ? null : new AddressRates(guessLimit),
  };
}

/** The caller's own id where it is a sane one, so that logs on both sides can be laid side by side. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && GIVEN_REQUEST_ID.test(given) ? given : randomUUID();
}

function sendError(reply: FastifyReply, error: unknown, log: FastifyBaseLogger): FastifyReply {
  const told = toApiError(error);
  if (told.httpStatus >= 500) log.error({ err: told.cause ?? told, code: told.code }, 'the request failed');
  // Errors from before the routing get here without hooks, so the request id is set here too.
  return reply
    .code(told.httpStatus)
    .headers({ [REQUEST_ID_HEADER]: reply.request.id, 'cache-control': 'no-store', ...errorHeaders(told) })
    .send(errorBody(told, reply.request.id));
}

function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  request.log.info(
    {
      operation: request.routeOptions.config.operationId,
      method: request.method,
      path: request.url.split('?')[0],
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    },
    'answered',
  );
}
