import type { BuildEvent } from '@brainpod/model/build-event';
import { ApiError } from '@brainpod/model/errors';
import { parseImageReference } from '@brainpod/model/image-reference';
import type { PodRecord } from '@brainpod/store/pods';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { authorizePod } from './authorization.ts';
import type { ApiDependencies } from './dependencies.ts';
import { toApiError } from './error-reply.ts';
import { bodyOf, readBody } from './input.ts';
import { type Identity, identify, spendRate } from './request-flow.ts';

// The calls with which builds that are done elsewhere are told of: without /v1, with the pod's name and the key as Basic
// credentials, and with errors of one text (contract 2.9).

const Text = Type.String({ minLength: 1, maxLength: 500, description: 'text of at most 500 characters' });
const Count = Type.Integer({ minimum: 0 });

const NewBuild = bodyOf(
  Type.Object({
    target: Type.String({ description: 'text: urn:brainpod:pod: and the id of the pod' }),
    tags: Type.Object({
      'git.rev': Text,
      'git.refname': Text,
      'github.repo': Type.Optional(Type.Union([Text, Type.Null()])),
      'github.workflow': Type.Optional(Type.Union([Text, Type.Null()])),
    }),
  }),
  { required: true },
);

const Told = bodyOf(
  Type.Object({
    event: Type.Union([
      Type.Object({ kind: Type.Literal('progress'), phase: Text, total: Count, current: Count }),
      Type.Object({ kind: Type.Literal('artifact'), uri: Text }),
      Type.Object({
        kind: Type.Literal('completed'),
        elapsed: Type.Object({ secs: Count, nanos: Count }),
      }),
    ]),
  }),
  { required: true },
);

type Caller = { pod: PodRecord; identity: Identity };
/** Far more than any of the calls needs. */
const BODY_LIMIT_BYTES = 64 * 1024;
const BASIC = /^basic +([A-Za-z0-9+/=_-]+) *$/i;
/** Texts of the answers to what the contract has no other status for. */
const STATUSES = new Set([400, 401, 404, 429, 503]);

/** The two calls, which are no operations of the API: without a prefix, and with parameters as Fastify writes them. */
export const BUILD_EVENT_ROUTES = [
  { method: 'POST', url: '/builds' },
  { method: 'POST', url: '/builds/:id/events' },
] as const;

/** Mounts the two calls. */
export function mountBuildEvents(scope: FastifyInstance, deps: ApiDependencies): void {
  const callers = new WeakMap<object, Caller>();
  scope.register(async (routes) => {
    routes.setErrorHandler((error, request, reply) => refuse(reply, error, request));
    // Before the body is read: who may not call learns just that.
    routes.addHook('onRequest', async (request, reply) => {
      callers.set(request, await admit(request, reply, deps));
    });
    const callerOf = (request: FastifyRequest): Caller => {
      const caller = callers.get(request);
      if (caller === undefined) throw new Error('a build was told of without authorization');
      return caller;
    };
    routes.post('/builds', { bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
      const { pod, identity } = callerOf(request);
      const { target, tags } = readBody(NewBuild, request.body);
      if (target !== `urn:brainpod:pod:${pod.id}`) {
        throw new ApiError(
          'BAD_REQUEST',
          `target must be urn:brainpod:pod:${pod.id}, the pod of the credentials.`,
        );
      }
      const { id } = await deps.store.builds.createExternal(pod.id, told(tags), actorOf(identity, request));
      return reply.code(201).send({ id });
    });
    routes.post<{ Params: { id: string } }>(
      '/builds/:id/events',
      { bodyLimit: BODY_LIMIT_BYTES },
      async (request, reply) => {
        const { pod } = callerOf(request);
        const { event } = readBody(Told, request.body);
        await deps.store.builds.tell(pod.id, request.params.id, eventOf(event));
        return reply.code(201).type('application/json').send('null');
      },
    );
  });
}

async function admit(request: FastifyRequest, reply: FastifyReply, deps: ApiDependencies): Promise<Caller> {
  const [podName = '', secret = ''] = credentialsOf(request.headers.authorization);
  const read = (): string => {
    if (secret !== '') return secret;
    throw new ApiError('UNAUTHORIZED', "The credentials must be Basic: the pod's name and an API key.");
  };
  const identity = await identify({ ip: request.ip, podName, secret: read }, deps);
  await spendRate(identity, reply, deps);
  const options = { access: { actions: ['builds:create'] as const }, deps };
  const { pod } = await authorizePod(identity, { params: { pod: podName }, query: {} }, options);
  return { pod, identity };
}

function credentialsOf(header: string | undefined): [string, string] | [] {
  const encoded = BASIC.exec(header ?? '')?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

function actorOf({ caller }: Identity, request: FastifyRequest) {
  const { accountId, userId, email, keyId, keyName } = caller;
  const who = { accountId, userId, email, keyId, keyName };
  return { ...who, operation: 'tellOfBuild', requestId: request.id, address: request.ip };
}

/** Without what is not known. */
function told(tags: Record<string, string | null | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** BAD_REQUEST (ApiError) for an artifact that is no image with a digest. */
function eventOf(
  event:
    | { kind: 'progress'; phase: string; total: number; current: number }
    | { kind: 'artifact'; uri: string }
    | { kind: 'completed' },
): BuildEvent {
  if (event.kind !== 'artifact') return event;
  const parsed = parseImageReference(event.uri);
  const name = parsed.ok ? parsed.value.repository.split('/').at(-1) : undefined;
  if (!parsed.ok || parsed.value.digest === undefined || name === undefined) {
    throw new ApiError(
      'BAD_REQUEST',
      'event.uri must be an image with its digest: <registry>/<repository>:<tag>@sha256:….',
    );
  }
  return { kind: 'artifact', name, uri: event.uri };
}

function refuse(reply: FastifyReply, error: unknown, request: FastifyRequest): FastifyReply {
  const { httpStatus, publicMessage, details = [], code, cause } = toApiError(error);
  if (httpStatus >= 500) request.log.error({ err: cause ?? error, code }, 'the request failed');
  const faults = details.map(({ path, message }) => `${path}: ${message}`);
  // A key that may not is as good as none here, and what is over cannot be told more of.
  const status =
    httpStatus === 403 ? 401 : httpStatus === 412 ? 400 : STATUSES.has(httpStatus) ? httpStatus : 500;
  return reply.code(status).send({ error: [publicMessage, ...faults].join(' ') });
}
