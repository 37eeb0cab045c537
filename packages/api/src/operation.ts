import { validatorOf } from '@brainpod/model/validate';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TObject, TSchema } from 'typebox';
import {
  type AccountAccess,
  type AccountContext,
  authenticate,
  authorizeAccount,
  authorizePod,
  type PodAccess,
  type PodContext,
} from './authorization.ts';
import type { ApiDependencies } from './dependencies.ts';
import { type BodySpec, type QueryValues, readBody, readQuery } from './input.ts';

export type Tag = 'users' | 'pods' | 'clusters' | 'revisions' | 'resources' | 'schema';
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export type ResponseSpec = { description: string; schema: TSchema; headers?: Record<string, string> };

/** What a handler answers. */
export type Reply = { status: number; body: unknown; headers?: Record<string, string> };

/** Who may call an operation. */
export type Access =
  | { scope: 'public' }
  | { scope: 'account'; account: AccountAccess }
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
  /** Raised when the caller has gone away. */
  callerGone: () => AbortSignal;
};

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
  spec: Spec<AccountContext, Q, B> & { access: AccountAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'account', account: access }, async (request, deps) =>
    authorizeAccount(await authenticate(request.headers, deps), access),
  );
}

/** An operation on one pod, which its path names as `{pod}`. */
export function podOperation<const Q extends TObject, B>(
  spec: Spec<PodContext, Q, B> & { access: PodAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'pod', pod: access }, async (request, deps) =>
    authorizePod(await authenticate(request.headers, deps), request, { access, deps }),
  );
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
        const answer = await handle({ deps, params: request.params, query, body, callerGone, ...context });
        return reply
          .code(answer.status)
          .headers(answer.headers ?? {})
          .send(answer.body);
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
