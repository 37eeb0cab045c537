import { once } from 'node:events';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { openStore } from '@brainpod/store/store';
import { PostgresServer } from '@brainpod/testkit/postgres';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import fc from 'fast-check';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BUILD_EVENT_ROUTES } from './build-events.ts';
import { OPERATIONS } from './operations.ts';
import { DeploymentAccepted, DryRunResult, type ErrorEnvelope, Pod } from './schemas.ts';
import { buildServer } from './server.ts';
import { StandInImages } from './testing/stand-in-images.ts';
import { StandInKeeper } from './testing/stand-in-keeper.ts';
import { type Request, TestApi } from './testing/test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

describe('what is no operation', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v2/'],
    ['GET', '/v1/nothing'],
    ['GET', '/v1/pods/'],
    ['GET', '/v1/pods/a/b'],
    ['DELETE', '/v1/pods'],
    ['PUT', '/v1/me'],
    ['POST', '/v1/pods/some-pod'],
  ] as const)('%s %s is not found', async (method, path) => {
    expect((await api.call({ method, path })).error(404).code).toBe('NOT_FOUND');
    const withBody = { payload: '<x/>', headers: { 'content-type': 'text/xml' } };
    if (method !== 'GET') (await api.call({ method, path, ...withBody })).error(404);
  });

  const tooLong = `/v1/pods/${'x'.repeat(5000)}`;
  test.each([
    tooLong,
    '/v1/pods/%',
    '/v1/pods/%zz',
    '/v1/pods/%C3%28',
    '/v1/pods/a/resources/App/default/%E0%A4%A',
  ])('%s is a bad request', async (path) => {
    expect((await api.get(path)).error(400).code).toBe('BAD_REQUEST');
  });
});

describe('bodies', () => {
  const request: Request = { method: 'POST', path: '/v1/pods' };
  const json = { 'content-type': 'application/json' };

  test.each([
    '{',
    '{"displayName": }',
    'nonsense',
    '{"a":1}}',
    '\u0000',
    "{'a':1}",
    '{"displayName":"\\ud800',
  ])('%j is not JSON', async (payload) => {
    const error = (await api.call({ ...request, payload, headers: json })).error(400);
    expect(error).toMatchObject({ code: 'BAD_REQUEST', message: 'The body is not valid JSON.' });
  });

  test('of another type are refused, unless they are empty', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense']) {
      const headers = { 'content-type': type };
      const error = (await api.call({ ...request, payload: '{}', headers })).error(400);
      expect(error.message).toContain('application/json');
    }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-8',
    ]) {
      (await api.call({ ...request, payload: '', headers: { 'content-type': type } })).as(201, Pod);
    }
  });

  test('cannot smuggle in prototypes', async () => {
    for (const payload of ['{"__proto__":{"displayName":"x"}}', '{"constructor":{"prototype":{}}}']) {
      expect((await api.call({ ...request, payload, headers: json })).error(400).code).toBe('BAD_REQUEST');
    }
  });

  test('that are too large are refused', async () => {
    const payload = JSON.stringify([sampleConfig('big', { text: 'x'.repeat(5 * 1024 * 1024) })]);
    const pod = await api.newPod();
    const error = await api.call({
      ...request,
      path: `/v1/pods/${pod.name}/resources`,
      payload,
      headers: json,
    });
    expect(error.error(413).code).toBe('REQUEST_TOO_LARGE');
  });

  test('with as much as a Config may hold are taken', async () => {
    const pod = await api.newPod();
    // Each of these takes two bytes in JSON.
    const config = sampleConfig('big', { text: '\n'.repeat(1_000_000) });
    const path = `/v1/pods/${pod.name}/resources?dryRun=true`;
    (await api.call({ ...request, path, json: [config] })).as(200, DryRunResult);
  });

  test('nested without end, or wide without end, are refused in good time', async () => {
    const pod = await api.newPod();
    const path = `/v1/pods/${pod.name}/resources`;
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    (await api.call({ ...request, path, payload: deep, headers: json })).error(400);
    const wide = `[${'{},'.repeat(1_000_000)}{}]`;
    (await api.call({ ...request, path, payload: wide, headers: json })).error(400);
    const env = Array.from({ length: 100_000 }, () => ({ name: '1', value: '' }));
    const app = { ...sampleApp(), spec: { ...sampleApp().spec, env } };
    const error = (await api.call({ ...request, path, json: [app] })).error(400);
    expect(error.details?.length).toBeLessThanOrEqual(100);
  });
});

test('no input whatsoever makes it fail', async () => {
  const pod = await api.newPod();
  await api.write(pod, sampleApp());
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u0000', '%', '..', pod.name, pod.head.id, 'web'),
  );
  const parameter = fc.oneof(
    text,
    fc.string({ unit: 'binary' }).map(encodeLoosely),
    fc.constantFrom('%00', '%ff', '1'),
  );
  const value = fc.oneof(fc.jsonValue(), mutatedDocument());
  const call = fc.record({
    operationIndex: fc.nat(OPERATIONS.length - 1),
    segments: fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: parameter }),
      {
        minLength: 4,
        maxLength: 4,
      },
    ),
    query: fc.dictionary(
      fc.constantFrom('cursor', 'limit', 'revision', 'at', 'base', 'dryRun', 'x', '__proto__'),
      text,
    ),
    body: fc.option(value),
  });
  const valid: Record<string, string> = {
    pod: pod.name,
    revision: pod.head.id,
    identifier: 'web',
    kind: 'App',
    namespace: 'default',
    name: 'web',
  };
  await fc.assert(
    fc.asyncProperty(call, async ({ operationIndex, segments, query, body }) => {
      const operation = OPERATIONS[operationIndex];
      if (operation === undefined) throw new Error('the index is in range');
      let index = 0;
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
        const segment = segments[index++];
        return segment === undefined ? (valid[name] ?? '') : encodeLoosely(segment);
      });
      const isStream = Object.values(operation.responses).some((response) => response.isStream === true);
      const search = [
        ...Object.entries(query).map(([name, text]) => `${name}=${encodeLoosely(text)}`),
        ...(isStream ? ['duration=1'] : []),
      ];
      const answer = await api.call({
        method: operation.method,
        path: search.length === 0 ? path : `${path}?${search.join('&')}`,
        ...(body === null || operation.method === 'GET' ? {} : { json: body }),
      });
      expect(answer.status).toBeLessThan(500);
    }),
    { numRuns: 200 },
  );
});

/** A valid document with one member replaced by anything. */
function mutatedDocument(): fc.Arbitrary<unknown> {
  const members = ['apiVersion', 'kind', 'metadata', 'spec'];
  const specMembers = ['image', 'env', 'instance', 'replicas', 'mounts', 'lifecycle', 'checks', 'runtime'];
  const anything = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double());
  const inEnvelope = fc.record({ key: fc.constantFrom(...members), value: anything });
  const inSpec = fc.record({ key: fc.constantFrom(...specMembers), value: anything });
  return fc.oneof(
    inEnvelope.map(({ key, value }) => [{ ...sampleApp('fuzz'), [key]: value }]),
    inSpec.map(({ key, value }) => [{ ...sampleApp('fuzz'), spec: { ...sampleApp().spec, [key]: value } }]),
    inSpec.map(({ key, value }) => ({ ...sampleApp('web'), spec: { ...sampleApp().spec, [key]: value } })),
  );
}

/** Encodes what an HTTP client could not send; leaves "%" as it is, for half of what arrives is broken that way. */
function encodeLoosely(text: string): string {
  return [...text]
    .map((character) => (/[\w%.~-]/.test(character) ? character : encodeSafely(character)))
    .join('');
}

function encodeSafely(character: string): string {
  return character.isWellFormed() ? encodeURIComponent(character) : '%ED%A0%80';
}

test('every route is an operation or a call of builds done elsewhere, and each of those has a route', async () => {
  const known = [
    ...OPERATIONS.map(({ method, path }) => ({ method, url: path.replaceAll(/\{(\w+)\}/g, ':$1') })),
    ...BUILD_EVENT_ROUTES,
  ];
  for (const route of known) expect(api.server.hasRoute(route), route.url).toBe(true);
  const found = api.server.printRoutes({ commonPrefix: false }).match(/\((?:[A-Z]+(?:, )?)+\)/g) ?? [];
  const methods = found
    .flatMap((entry) => entry.slice(1, -1).split(', '))
    .filter((method) => method !== 'HEAD');
  expect(methods).toHaveLength(known.length);
});

describe('over a real connection', () => {
  async function listening(): Promise<number> {
    const other = await TestApi.start();
    onTestFinished(() => other.close());
    await other.server.listen({ host: '127.0.0.1', port: 0 });
    const address = other.server.server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on a port');
    key = other.key;
    return address.port;
  }
  let key = '';

  /** Sends bytes and reads until the other side closes. */
  async function exchange(port: number, request: string): Promise<{ status: number; body: string }> {
    const socket = connect(port, '127.0.0.1');
    socket.write(request);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    await once(socket, 'close');
    return { status: Number(text.split(' ')[1]), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
  }

  test('what is no HTTP gets the same envelope', async () => {
    const port = await listening();
    const answer = await exchange(port, 'NONSENSE\r\n\r\n');
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      error: { code: 'BAD_REQUEST', requestId: expect.any(String) },
    });
    const huge = `GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`;
    expect((await exchange(port, huge)).status).toBe(413);
  });

  test('a POST with neither Content-Length nor Content-Type works', async () => {
    const port = await listening();
    const head = `POST /v1/pods HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n\r\n`;
    expect((await exchange(port, head)).status).toBe(201);
  });

  test('an empty chunked body without a Content-Type is no body', async () => {
    const port = await listening();
    const head = `POST /v1/pods HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n`;
    expect((await exchange(port, `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).status).toBe(201);
  });
});

test('closing lets those who watch a deploy have their answer at once', async () => {
  const other = await TestApi.start();
  const pod = await other.newPod();
  const path = `/v1/pods/${pod.name}/deploy?watch=20`;
  const watching = other.call({ method: 'POST', path });
  const isPending = async () => (await other.store.reconciler.loadPod(pod.id))?.target != null;
  await waitFor(isPending, { timeoutMs: 5000, what: 'the deploy to begin' });
  const started = performance.now();
  // Calls that are put in without a connection are not waited for, so the store closes after the answer.
  await other.server.close();
  (await watching).as(202, DeploymentAccepted);
  expect(performance.now() - started).toBeLessThan(5000);
  await other.close();
});

test('what is mounted beside the operations reads its bodies itself', async () => {
  const server = buildServer({
    store: api.store,
    domain: 'example.test',
    registryHost: 'registry.example.test',
    blueprints: [],
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(() => server.close());
  server.put('/v2/*', async (request, reply) => {
    let length = 0;
    for await (const chunk of request.raw) length += chunk.length;
    return reply.send({ length });
  });
  const payload = Buffer.alloc(6 * 1024 * 1024);
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await server.inject({ method: 'PUT', url: '/v2/a/blobs/uploads/1', payload, headers });
  expect(answer.json()).toEqual({ length: payload.length });
});

test('neither keys nor bodies get into the log, whatever happens', async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString('utf8'));
      done();
    },
  });
  const logger = pino({ level: 'trace' }, stream);
  const server = buildServer({
    store: api.store,
    domain: 'example.test',
    registryHost: 'registry.test',
    blueprints: [],
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    logger,
  });
  onTestFinished(() => server.close());
  const pod = await api.newPod();
  const headers = { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' };
  const url = `/v1/pods/${pod.name}/resources`;
  const secret = 'do-not-tell-this';
  const app = sampleApp('web', { env: [{ name: 'PASSWORD', value: secret }] });
  for (const payload of [JSON.stringify([app]), `[{"${secret}`, JSON.stringify([{ kind: secret }])]) {
    await server.inject({ method: 'POST', url, headers, payload });
  }
  await server.inject({ method: 'GET', url, headers: { authorization: `Bearer ${secret}` } });
  const log = lines.join('');
  expect(log).toContain('"operation":"createResources"');
  expect(log).not.toContain(api.key);
  expect(log).not.toContain(secret);
});

test('while PostgreSQL is away, or still empty, calls are told to come back, and when it is back they work', async () => {
  const postgres = await PostgresServer.create();
  const connection = await postgres.createDatabase('away');
  const store = openStore({ connection, logger: { warn: () => undefined } });
  const logger = pino({ level: 'silent' });
  const server = buildServer({
    store,
    domain: 'example.test',
    registryHost: 'registry.example.test',
    blueprints: [],
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    logger,
  });
  onTestFinished(async () => {
    await server.close();
    await store.close();
    await postgres.remove();
  });
  const stranger = { authorization: `Bearer brain_${'x'.repeat(32)}` };
  const early = await server.inject({ method: 'GET', url: '/v1/pods', headers: stranger });
  expect(early.statusCode).toBe(503);
  await store.migrate();
  await store.clusters.registerDefault({ provider: null, region: null, architectures: ['amd64'] });
  const first = await store.accounts.createFirst({ email: 'ada@example.com' });
  const headers = { authorization: `Bearer ${first?.secret}` };
  const call = () => server.inject({ method: 'GET', url: '/v1/pods', headers });

  expect((await call()).statusCode).toBe(200);
  await postgres.stop();
  for (const answer of await Promise.all([call(), call(), call()])) {
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
    expect(answer.json<typeof ErrorEnvelope>()).toMatchObject({ error: { code: 'SERVICE_UNAVAILABLE' } });
  }
  await postgres.start();
  expect((await call()).statusCode).toBe(200);
});
