import { randomBytes } from 'node:crypto';
import { sampleBlueprint } from '@brainpod/blueprint/testing/sample-blueprint';
import type { ResourceInput } from '@brainpod/model/document';
import { HTTP_STATUS, isErrorCode } from '@brainpod/model/errors';
import { ACTIONS, type Action, FULL_POLICY, type Policy, podUrn } from '@brainpod/model/policy';
import type { PodRecord } from '@brainpod/store/pods';
import type { Store } from '@brainpod/store/store';
import type { DatabaseAddress } from '@brainpod/testkit/postgres';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { openSecondStore, openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { expect, onTestFinished } from 'vitest';
import type { ApiOptions } from '../dependencies.ts';
import type { Method } from '../operation-facts.ts';
import { OPERATIONS } from '../operations.ts';
import { ErrorEnvelope } from '../schemas.ts';
import { buildServer } from '../server.ts';
import { parseEvents, type ReceivedEvent } from './received-events.ts';
import { standInCertificates } from './stand-in-certificates.ts';
import { StandInCluster } from './stand-in-cluster.ts';
import { StandInImages } from './stand-in-images.ts';
import { StandInKeeper } from './stand-in-keeper.ts';
import { standInBuildSecrets, standInPasswords } from './stand-in-passwords.ts';
import { StandInRegistrar } from './stand-in-registrar.ts';
import { StandInSources } from './stand-in-sources.ts';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';
export const DOMAIN = 'example.test';
export const REGISTRY_HOST = 'registry.example.test';

export type Request = {
  method: Method;
  path: string;
  /** The API key; null for none, left out for one that may do everything. */
  key?: string | null;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  payload?: string | Buffer;
  headers?: Record<string, string>;
};

export function newCluster(): StandInCluster {
  return new StandInCluster({ domain: DOMAIN, registryHost: REGISTRY_HOST });
}

/** An answer that fits its operation's documentation; `call` has made sure of that. */
export class Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;

  constructor(parts: { status: number; headers: Record<string, unknown>; body: unknown }) {
    this.status = parts.status;
    this.headers = parts.headers;
    this.body = parts.body;
  }

  /** The body, which must have this status and shape. */
  as<const S extends TSchema>(status: number, schema: S): Static<S> {
    expect({ status: this.status, body: this.body }).toMatchObject({ status });
    const { body } = this;
    const check = Compile(schema);
    if (!check.Check(body))
      throw new Error(`the body has another shape: ${JSON.stringify(check.Errors(body))}`);
    return body;
  }

  /** The events of a stream that has ended. */
  events(): ReceivedEvent[] {
    expect(this.status).toBe(200);
    if (!Array.isArray(this.body)) throw new Error('the answer is no stream');
    // A parse boundary: `call` made the list, with parseEvents.
    return this.body as ReceivedEvent[];
  }

  /** The error in the body. */
  error(status: number): Static<typeof ErrorEnvelope>['error'] {
    return this.as(status, ErrorEnvelope).error;
  }
}

/** An answer of an operation. */
export type Heard = { operationId: string; answer: Answer; requestId: string };

/** What may be different from how the API is by itself. */
export type TestOptions = Partial<ApiOptions>;

type Keys = { key: string; foreignKey: string };

/** The API on a database of its own, with what tests need around it. */
export class TestApi {
  readonly store: Store;
  readonly server: FastifyInstance;
  /** The cluster of every pod; null while it is not known. */
  cluster: StandInCluster | null = newCluster();
  readonly registrar = new StandInRegistrar();
  readonly images = new StandInImages();
  readonly imageKeeper = new StandInKeeper();
  readonly sources = new StandInSources();
  readonly address: DatabaseAddress;
  readonly userId: string;
  readonly accountId: string;
  /** A key that may do everything in its account. */
  readonly key: string;
  /** A key that may do everything in another account. */
  readonly foreignKey: string;
  readonly #at: TestStore;
  readonly #answered = new Map<string, string | undefined>();
  #listener: (heard: Heard) => void = () => undefined;

  private constructor(at: TestStore, keys: Keys, options: TestOptions) {
    this.#at = at;
    this.store = at.store;
    this.address = at.address;
    this.userId = at.userId;
    this.accountId = at.accountId;
    this.key = keys.key;
    this.foreignKey = keys.foreignKey;
    this.server = buildServer({
      store: at.store,
      domain: DOMAIN,
      registryHost: REGISTRY_HOST,
      blueprints: [sampleBlueprint()],
      clusterOf: () => this.cluster,
      clusterRegistrar: this.registrar,
      domainCertificates: standInCertificates,
      registryPasswords: standInPasswords,
      buildSecrets: standInBuildSecrets,
      images: this.images,
      imageKeeper: this.imageKeeper,
      sources: this.sources,
      logger: pino({ level: 'silent' }),
      ...options,
    });
    this.server.addHook('onRequest', async (request) => {
      this.#answered.set(request.id, request.routeOptions.config.operationId);
    });
  }

  static async start(options: TestOptions = {}): Promise<TestApi> {
    const at = await openTestStore();
    const foreign = await at.store.accounts.create('foreign@example.com');
    const secretOf = async (userId: string) =>
      (await at.store.apiKeys.create({ userId, name: 'test', policy: FULL_POLICY, actor: TEST_ACTOR }))
        .secret;
    const keys = { key: await secretOf(at.userId), foreignKey: await secretOf(foreign.userId) };
    return new TestApi(at, keys, options);
  }

  /** Another server on the same database. It and its store are closed when the test is over. */
  beside(options: TestOptions = {}): TestApi {
    const store = openSecondStore(this.address);
    const { key, foreignKey } = this;
    const second = new TestApi({ ...this.#at, store }, { key, foreignKey }, options);
    second.onAnswer((heard) => this.#listener(heard));
    onTestFinished(() => second.server.close());
    return second;
  }

  /** Asks the database directly, past the store. */
  sql(text: string): Promise<Record<string, unknown>[]> {
    return queryDatabase(this.address, text);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.store.close();
  }

  /** Hears of every answer of an operation, those of servers beside it too. */
  onAnswer(listener: (heard: Heard) => void): void {
    this.#listener = listener;
  }

  /** Calls the API, and holds the answer against what its operation's documentation says. */
  async call({ method, path, key, json, payload, headers = {} }: Request): Promise<Answer> {
    const requestId = randomBytes(8).toString('hex');
    const secret = key === undefined ? this.key : key;
    const body = json === undefined ? payload : JSON.stringify(json);
    const response = await this.server.inject({
      method,
      url: path,
      headers: {
        'x-request-id': requestId,
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: body }),
    });
    const isStream = response.headers['content-type'] === EVENT_STREAM;
    const answer = new Answer({
      status: response.statusCode,
      headers: response.headers,
      body: isStream ? parseEvents(response.payload) : response.json(),
    });
    expect(response.headers['x-request-id']).toBe(requestId);
    if (!isStream) expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    const operationId = this.#answered.get(requestId);
    assertDocumented(answer, operationId, requestId);
    if (operationId !== undefined) this.#listener({ operationId, answer, requestId });
    return answer;
  }

  get(path: string, key?: string): Promise<Answer> {
    return this.call({ method: 'GET', path, ...(key === undefined ? {} : { key }) });
  }

  newPod(): Promise<PodRecord> {
    const { accountId, userId, clusterId } = this.#at;
    return this.store.pods.create({
      accountId,
      ownerId: userId,
      clusterId,
      displayName: null,
      actor: TEST_ACTOR,
    });
  }

  /** Writes resources into a pod's draft; returns the draft's id. */
  async write(pod: PodRecord, ...documents: ResourceInput[]): Promise<string> {
    const rules = { domain: DOMAIN, check: () => [], actor: TEST_ACTOR };
    const result = await this.store.drafts.write(pod.id, { type: 'create', documents }, rules);
    if (!result.ok) throw new Error(`not written: ${JSON.stringify(result.faults)}`);
    return result.revisionId;
  }

  /** Brings a pod's draft to an end, as the reconciler would; returns its id. */
  async deploy(pod: PodRecord, end: 'pending' | 'ready' | 'deployed' | 'failed'): Promise<string> {
    const result = await this.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
    if (!result.ok) throw new Error('not deployed');
    await this.finish(result.revisionId, end);
    return result.revisionId;
  }

  async finish(revisionId: string, end: 'pending' | 'ready' | 'deployed' | 'failed'): Promise<void> {
    const { reconciler } = this.store;
    if (end === 'failed') await reconciler.markFailed(revisionId, 'App "web" never became ready.');
    if (end === 'ready' || end === 'deployed') await reconciler.markReady(revisionId, 'sum');
    if (end === 'deployed') await reconciler.markDeployed(revisionId);
  }

  /** A key of this policy in the account of the test. */
  async keyWith(policy: Policy): Promise<string> {
    const { secret } = await this.store.apiKeys.create({
      userId: this.userId,
      name: 'test',
      policy,
      actor: TEST_ACTOR,
    });
    return secret;
  }

  /** A key that may do just these actions on these pods (`*` is every pod). */
  keyFor(actions: readonly Action[], podNames: readonly string[] = ['*']): Promise<string> {
    return this.keyWith({
      version: '1',
      statements: [{ sid: 'test', effect: 'allow', actions: [...actions], resources: podNames.map(podUrn) }],
    });
  }

  /** A key that may do everything but this. */
  keyWithout(action: Action): Promise<string> {
    return this.keyFor(ACTIONS.filter((candidate) => candidate !== action));
  }
}

function assertDocumented(answer: Answer, operationId: string | undefined, requestId: string): void {
  if (answer.status >= 400) {
    const error = answer.error(answer.status);
    expect(error.requestId).toBe(requestId);
    expect(isErrorCode(error.code) && HTTP_STATUS[error.code]).toBe(answer.status);
    return;
  }
  const operation = OPERATIONS.find(({ id }) => id === operationId);
  const documented = operation?.responses[answer.status];
  if (documented === undefined)
    throw new Error(`${operationId} answers ${answer.status}, which is not documented`);
  if (documented.isStream === true) {
    assertDocumentedEvents(answer, documented.schema);
    return;
  }
  answer.as(answer.status, documented.schema);
  expect(unknownMembers(documented.schema, answer.body)).toEqual([]);
}

/** The last event is `end`; the data of every other one is as documented. */
function assertDocumentedEvents(answer: Answer, schema: TSchema): void {
  const events = answer.events();
  expect(events.at(-1)?.event).toBe('end');
  const check = Compile(schema);
  for (const { data } of events.slice(0, -1)) {
    expect(check.Errors(data)).toEqual([]);
    expect(unknownMembers(schema, data)).toEqual([]);
  }
}

/** Where a body holds members that its schema doesn't name. */
function unknownMembers(schema: unknown, body: unknown, path = ''): string[] {
  if (Array.isArray(body)) {
    const items = memberOf(schema, 'items');
    return body.flatMap((item, index) => unknownMembers(items, item, `${path}[${index}]`));
  }
  const properties = memberOf(schema, 'properties');
  // An object of which nothing is named may hold anything: the OpenAPI document itself.
  if (properties !== undefined && JSON.stringify(properties) === '{}') return [];
  if (typeof body !== 'object' || body === null || typeof properties !== 'object' || properties === null)
    return [];
  return Object.entries(body).flatMap(([key, member]) =>
    Object.hasOwn(properties, key)
      ? unknownMembers(memberOf(properties, key), member, `${path}.${key}`)
      : [`${path}.${key}`],
  );
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
