import type { IncomingHttpHeaders } from 'node:http';
import { validatorOf } from '@brainpod/model/validate';
import type { Caller } from '@brainpod/store/api-keys';
import type { Actor } from '@brainpod/store/audit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TObject, TSchema } from 'typebox';
import {
  type AccountAccess,
  type AccountContext,
  authenticate,
  authorizeAccount,
  authorizeOperator,
  authorizePod,
  type OperatorAccess,
  type OperatorContext,
  type PodAccess,
  type PodContext,
} from './authorization.ts';
import type { ApiDependencies } from './dependencies.ts';
import { type ServerSentEvent, sendEvents } from './event-stream.ts';
import { type BodySpec, type QueryValues, readBody, readQuery } from './input.ts';

export type Tag =
  | 'users'
  | 'keys'
  | 'pods'
  | 'blueprints'
  | 'clusters'
  | 'revisions'
  | 'resources'
  | 'events'
  | 'audit'
  | 'operator'
  | 'schema';
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** `isStream`: the schema is that of each event's data. */
export type ResponseSpec = {
  description: string;
  schema: TSchema;
  headers?: Record<string, string>;
  isStream?: true;
};

/** What a handler answers: a body, or events as they happen (Server-Sent Events). */
export type Reply = BodyReply | { events: AsyncIterable<ServerSentEvent> };
export type BodyReply = {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  /**
   * What is left to do for the answer when all that was written is kept: to wait for a deploy, for example. Its answer
   * takes the place of this one; repeated with the same Idempotency-Key, a request does this part again.
   */
  settle?: () => Promise<BodyReply>;
};

/** Who may call an operation. */
export type Access =
  | { scope: 'public' }
  | { scope: 'account'; account: AccountAccess }
  | { scope: 'operator'; operator: OperatorAccess }
  | { scope: 'pod'; pod: PodAccess };

/** What the OpenAPI document and the tests know of an operation. */
export type OperationFacts = {
  id: string;
  method: Method;
  /** As in the OpenAPI document: `/v1/pods/{pod}`. */
  path: string;
  tag: Tag;
  summary: string;
  description?: string;
  access: Access;
  query: TObject;
  body: BodySpec<unknown>;
  /** What it answers when all is well, by status. */
  responses: Record<number, ResponseSpec>;
  /** Whether the state of things can forbid it (412). */
  hasPrecondition?: boolean;
};

export type Operation = OperationFacts & { mount: (server: FastifyInstance, deps: ApiDependencies) => void };

type Params = Record<string, string>;

/** What every handler gets, beside what its access gives it. */
export type Call<Q, B> = {
  deps: ApiDependencies;
  params: Params;
  query: Q;
  body: B;
  headers: IncomingHttpHeaders;
  /** Raised when the caller has gone away. */
  callerGone: () => AbortSignal;
};

/** What handlers get of who calls, for the audit log. */
type Acting = { actor: Actor };

type Spec<C, Q extends TObject, B> = Omit<OperationFacts, 'access' | 'query' | 'body'> & {
  query: Q;
  body: BodySpec<B>;
  handle: (call: Call<Static<Q>, B> & C) => Promise<Reply>;
};

type Route = { Params: Params; Querystring: QueryValues };
type Authorize<C> = (request: FastifyRequest<Route>, deps: ApiDependencies) => Promise<C>;

/** An operation that anybody may call, without a key. */
export function publicOperation<const Q extends TObject, B>(spec: Spec<object, Q, B>): Operation {
  return operation(spec, { scope: 'public' }, () => Promise.resolve({}));
}

/** An operation on what belongs to the caller's account. */
export function accountOperation<const Q extends TObject, B>(
  spec: Spec<AccountContext & Acting, Q, B> & { access: AccountAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'account', account: access }, async (request, deps) => {
    const caller = await authenticate(request.headers, deps);
    return { ...authorizeAccount(caller, access), actor: actorOf(caller, spec.id, request) };
  });
}

/** An operation of whoever operates this installation, on what belongs to nobody or to any account. */
export function operatorOperation<const Q extends TObject, B>(
  spec: Spec<OperatorContext & Acting, Q, B> & { access: OperatorAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'operator', operator: access }, async (request, deps) => {
    const caller = await authenticate(request.headers, deps);
    return { ...authorizeOperator(caller, access), actor: actorOf(caller, spec.id, request) };
  });
}

/** An operation on one pod, which its path names as `{pod}`. */
export function podOperation<const Q extends TObject, B>(
  spec: Spec<PodContext & Acting, Q, B> & { access: PodAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'pod', pod: access }, async (request, deps) => {
    const caller = await authenticate(request.headers, deps);
    const context = await authorizePod(caller, request, { access, deps });
    return { ...context, actor: actorOf(caller, spec.id, request) };
  });
}

function actorOf(caller: Caller, operation: string, request: { id: string; ip: string }): Actor {
  const { accountId, userId, email, keyId, keyName } = caller;
  return { accountId, userId, email, keyId, keyName, operation, requestId: request.id, address: request.ip };
}

function operation<C extends object, Q extends TObject, B>(
  spec: Spec<C, Q, B>,
  access: Access,
  authorize: Authorize<C>,
): Operation {
  const { handle, ...facts } = spec;
  const parseQuery = validatorOf<Q>(spec.query);
  const mount = (server: FastifyInstance, deps: ApiDependencies): void => {
    const contexts = new WeakMap<object, C>();
    server.route<Route>({
      method: spec.method,
      url: spec.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { operationId: spec.id },
      // Before the body is read: who may not call learns just that, whatever the body is.
      onRequest: async (request) => {
        contexts.set(request, await authorize(request, deps));
      },
      handler: async (request, reply) => {
        const context = contexts.get(request);
        if (context === undefined) throw new Error(`${spec.id} was reached without authorization`);
        const query = readQuery(parseQuery, spec.query, request.query);
        const body = readBody(spec.body, request.body);
        const callerGone = () => goneSignal(reply);
        const { params, headers } = request;
        const answer = await handle({ deps, params, headers, query, body, callerGone, ...context });
        if ('events' in answer) return sendEvents(reply, answer.events, callerGone());
        const settled = answer.settle === undefined ? answer : await answer.settle();
        return reply
          .code(settled.status)
          .headers(settled.headers ?? {})
          .send(settled.body);
      },
    });
  };
  return { ...facts, access, mount };
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which operation of the API a route belongs to; absent for what is mounted beside it. */
    operationId?: string;
  }
}
