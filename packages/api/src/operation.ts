import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '@brainpod/store/api-keys';
import type { Actor } from '@brainpod/store/audit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import {
  type AccountAccess,
  type AccountContext,
  authorizeAccount,
  authorizeOperator,
  authorizePod,
  type OperatorAccess,
  type OperatorContext,
  type PodAccess,
  type PodContext,
} from './authorization.ts';
import type { ApiDependencies } from './dependencies.ts';
import { type BodySpec, queryReader, readBody } from './input.ts';
import type { Access, BodyReply, OperationFacts, Reply } from './operation-facts.ts';
import { answerRequest, type Identity, type Route } from './request-flow.ts';

export type Operation = OperationFacts & { mount: (server: FastifyInstance, deps: ApiDependencies) => void };

/** What every handler gets, beside what its access gives it. */
export type Call<Q, B> = {
  deps: ApiDependencies;
  params: Record<string, string>;
  query: Q;
  body: B;
  headers: IncomingHttpHeaders;
  /** Raised when the caller has gone away. */
  callerGone: () => AbortSignal;
};

/** What handlers get of who calls, for the audit log. */
type Acting = { actor: Actor };

type Spec<C, Q extends TObject, B, P> = Omit<OperationFacts, 'access' | 'query' | 'body'> & {
  query: Q;
  body: BodySpec<B>;
  /** Asks elsewhere what has to be known beforehand, of a cluster or the image registry, while nothing is locked. */
  prepare?: (call: Call<Static<Q>, B> & C) => Promise<P>;
  /**
   * Unless it is a GET it runs in one transaction, that of the store in `deps`: all that it wrote is kept when it
   * returns, and nothing when it throws. It must not wait for anything but the store.
   */
  handle: (call: Call<Static<Q>, B> & C & { prepared: P }) => Promise<Reply>;
  /**
   * What is left to do for the answer when all that was written is kept: to wait for a deploy, for example. Its answer
   * takes the place of the handler's; repeated with the same Idempotency-Key, a request does this part again.
   */
  settle?: (call: Call<Static<Q>, B> & C, reply: BodyReply) => Promise<BodyReply>;
};

type Authorize<C> = (
  identity: Identity | null,
  request: FastifyRequest<Route>,
  deps: ApiDependencies,
) => Promise<C>;

/** An operation that anybody may call, without a key. */
export function publicOperation<const Q extends TObject, B>(spec: Spec<object, Q, B, undefined>): Operation {
  return operation(spec, { scope: 'public' }, () => Promise.resolve({}));
}

/** An operation on what belongs to the caller's account. */
export function accountOperation<const Q extends TObject, B>(
  spec: Spec<AccountContext & Acting, Q, B, undefined> & { access: AccountAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'account', account: access }, async (identity, request) => {
    const { caller } = withKey(identity);
    return { ...authorizeAccount(caller, access), actor: actorOf(caller, spec.id, request) };
  });
}

/** An operation of whoever operates this installation, on what belongs to nobody or to any account. */
export function operatorOperation<const Q extends TObject, B, P = undefined>(
  spec: Spec<OperatorContext & Acting, Q, B, P> & { access: OperatorAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'operator', operator: access }, async (identity, request) => {
    const { caller } = withKey(identity);
    return { ...authorizeOperator(caller, access), actor: actorOf(caller, spec.id, request) };
  });
}

/** An operation on one pod, which its path names as `{pod}`. */
export function podOperation<const Q extends TObject, B, P = undefined>(
  spec: Spec<PodContext & Acting, Q, B, P> & { access: PodAccess },
): Operation {
  const { access, ...rest } = spec;
  return operation(rest, { scope: 'pod', pod: access }, async (identity, request, deps) => {
    const authenticated = withKey(identity);
    const context = await authorizePod(authenticated, request, { access, deps });
    return { ...context, actor: actorOf(authenticated.caller, spec.id, request) };
  });
}

/** Every scope but `public` is only reached with a key. */
function withKey(identity: Identity | null): Identity {
  if (identity === null) throw new Error('an operation that needs a key was reached without one');
  return identity;
}

function actorOf(caller: Caller, operation: string, request: { id: string; ip: string }): Actor {
  const { accountId, userId, email, keyId, keyName } = caller;
  return { accountId, userId, email, keyId, keyName, operation, requestId: request.id, address: request.ip };
}

function operation<C extends object, Q extends TObject, B, P>(
  spec: Spec<C, Q, B, P>,
  access: Access,
  authorize: Authorize<C>,
): Operation {
  const { prepare, handle, settle, ...facts } = spec;
  const readQuery = queryReader<Q>(spec.query);
  const mount = (server: FastifyInstance, deps: ApiDependencies): void =>
    answerRequest<C, Call<Static<Q>, B> & C, P>(server, deps, {
      operation: { ...facts, access },
      authorize: (identity, request) => authorize(identity, request, deps),
      read: (request, context, callerGone) => ({
        deps,
        params: request.params,
        headers: request.headers,
        query: readQuery(request.query),
        body: readBody(spec.body, request.body),
        callerGone,
        ...context,
      }),
      // An operation that asks nothing elsewhere is given nothing.
      prepare: prepare ?? (() => Promise.resolve(undefined as P)),
      handle: (call, prepared) => handle({ ...call, prepared }),
      settle: settle ?? ((_call, reply) => Promise.resolve(reply)),
    });
  return { ...facts, access, mount };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which operation of the API a route belongs to; absent for what is mounted beside it. */
    operationId?: string;
  }
}
