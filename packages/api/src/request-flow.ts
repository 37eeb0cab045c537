import { ApiError } from '@brainpod/model/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Authenticated, authenticate, bearerSecret } from './authorization.ts';
import { Deadline } from './deadline.ts';
import type { ApiDependencies } from './dependencies.ts';
import { sendEvents } from './event-stream.ts';
import {
  answerOnce,
  IDEMPOTENCY_KEY_HEADER,
  idempotencyKeyOf,
  REPLAYED_HEADER,
  type Repeatable,
  requestHash,
} from './idempotency.ts';
import { bodyLimitOf, type QueryValues } from './input.ts';
import type { BodyReply, OperationFacts, Reply } from './operation-facts.ts';
import { rateHeaders, tooMany } from './rate-limit.ts';
import { handBodiesOn, inTime } from './request-body.ts';

// The way of every request: who calls, may they, what do they ask, what has to be known beforehand, then the work, in one
// transaction with the answer that is kept for its repetition.

export type Route = { Params: Record<string, string>; Querystring: QueryValues };

/** Who calls, about which pod, and the secret they showed. */
export type Identity = Authenticated & { secret: string };

type Steps<C, K extends { deps: ApiDependencies }, P> = {
  operation: OperationFacts;
  authorize: (identity: Identity | null, request: FastifyRequest<Route>) => Promise<C>;
  /** Reads what is asked; throws (ApiError) on faults. */
  read: (request: FastifyRequest<Route>, context: C, callerGone: () => AbortSignal) => K;
  prepare: (call: K) => Promise<P>;
  handle: (call: K, prepared: P) => Promise<Reply>;
  settle: (call: K, reply: BodyReply) => Promise<BodyReply>;
};

type Admitted<C> = { identity: Identity | null; context: C; deadline: Deadline };

/** Mounts an operation. */
export function answerRequest<C, K extends { deps: ApiDependencies }, P>(
  server: FastifyInstance,
  deps: ApiDependencies,
  steps: Steps<C, K, P>,
): void {
  const { operation } = steps;
  const admitted = new WeakMap<object, Admitted<C>>();
  const isStreamed = operation.body.mediaTypes !== undefined;
  const mount = (scope: FastifyInstance) =>
    scope.route<Route>({
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { operationId: operation.id },
      bodyLimit: bodyLimitOf(operation),
      // Before the body is read: who may not call learns just that, whatever the body is.
      onRequest: async (request, reply) => {
        const deadline = new Deadline(deps.requestTimeoutMs);
        reply.raw.once('close', () => deadline.end());
        const admit = async (): Promise<Admitted<C>> => {
          const isPublic = operation.access.scope === 'public';
          const identity = isPublic ? admitAnybody(request, deps) : await identify(shownBy(request), deps);
          if (identity !== null) await spendRate(identity, reply, deps);
          return { identity, context: await steps.authorize(identity, request), deadline };
        };
        admitted.set(request, await deadline.race(admit()));
      },
      preParsing: async (request, reply, payload) => {
        const admission = admitted.get(request);
        if (operation.method === 'GET' || isStreamed || admission === undefined) return payload;
        return inTime(payload, admission.deadline, reply);
      },
      handler: async (request, reply) => {
        const admission = admitted.get(request);
        if (admission === undefined) throw new Error(`${operation.id} was reached without authorization`);
        const call = steps.read(request, admission.context, () => goneSignal(reply));
        const { deadline } = admission;
        if (operation.method === 'GET') {
          const answer = await deadline.race(
            steps.prepare(call).then((prepared) => steps.handle(call, prepared)),
          );
          if (!('events' in answer)) return send(reply, answer);
          deadline.end();
          return sendEvents(reply, answer.events, goneSignal(reply));
        }
        // It comes for as long as it comes; whoever reads it sees to it that it goes on.
        if (isStreamed) {
          deadline.end();
          reply.header('connection', 'close');
        }
        const done = await deadline.race(write(call, { steps, request, admission }));
        const settled = await steps.settle(call, done.answer);
        if (done.isReplay) reply.header(REPLAYED_HEADER, 'true');
        return send(reply, settled);
      },
    });
  if (!isStreamed) mount(server);
  else
    server.register(async (scope) => {
      handBodiesOn(scope);
      mount(scope);
    });
}

function shownBy({ ip, params, headers }: FastifyRequest<Route>): Shown {
  return { ip, podName: params.pod, secret: () => bearerSecret(headers) };
}

function admitAnybody(request: FastifyRequest<Route>, { addressRates }: ApiDependencies): null {
  addressRates?.assertMayTry(request.ip, null);
  addressRates?.recordFailure(request.ip, null);
  return null;
}

/** Where a request shows its key, and which pod it is about. */
export type Shown = { ip: string; podName: string | undefined; secret: () => string };

/** Finds out who calls; UNAUTHORIZED, or RATE_LIMITED for an address that tries too many keys (ApiError). */
export async function identify(
  { ip, podName, secret: read }: Shown,
  deps: ApiDependencies,
): Promise<Identity> {
  const { addressRates } = deps;
  let secret: string | null = null;
  try {
    secret = read();
    addressRates?.assertMayTry(ip, secret);
    const found = await authenticate(secret, podName, deps);
    addressRates?.recordSuccess(secret);
    return { secret, ...found };
  } catch (error) {
    const isRefused = error instanceof ApiError && error.code === 'UNAUTHORIZED';
    if (isRefused && secret === null) addressRates?.assertMayTry(ip, null);
    if (isRefused) addressRates?.recordFailure(ip, secret);
    throw error;
  }
}

/** RATE_LIMITED (ApiError) when the key makes too many requests. */
export async function spendRate(
  { caller }: Identity,
  reply: FastifyReply,
  { keyRates }: ApiDependencies,
): Promise<void> {
  if (keyRates === null) return;
  const standing = await keyRates.take(caller.keyId);
  reply.headers(rateHeaders(standing));
  if (!standing.isAllowed) throw tooMany(standing.resetSeconds, 'This API key makes too many requests.');
}

/** Does what the request asks in one transaction, or, when it was done before, gives what was answered then. */
async function write<C, K extends { deps: ApiDependencies }, P>(
  call: K,
  parts: { steps: Steps<C, K, P>; request: FastifyRequest<Route>; admission: Admitted<C> },
): Promise<{ answer: BodyReply; isReplay: boolean }> {
  const { steps, request, admission } = parts;
  const prepared = await steps.prepare(call);
  const repeatable = repeatableOf(request, admission.identity);
  return call.deps.store.transact(async (store) => {
    const perform = async (): Promise<BodyReply> => {
      const answer = await steps.handle({ ...call, deps: { ...call.deps, store } }, prepared);
      if ('events' in answer) throw new Error(`${steps.operation.id} writes, and cannot answer by a stream`);
      return answer;
    };
    const done =
      repeatable === null
        ? { answer: await perform(), isReplay: false }
        : await answerOnce(store, repeatable, perform);
    await admission.deadline.seal();
    return done;
  });
}

function repeatableOf(request: FastifyRequest<Route>, identity: Identity | null): Repeatable | null {
  const { method, url, body, headers } = request;
  const idempotencyKey = method === 'POST' ? idempotencyKeyOf(headers[IDEMPOTENCY_KEY_HEADER]) : null;
  if (idempotencyKey === null || identity === null) return null;
  const { secret, caller } = identity;
  return { keyId: caller.keyId, idempotencyKey, requestHash: requestHash({ method, url, body }), secret };
}

function send(reply: FastifyReply, { status, headers = {}, body }: BodyReply): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
