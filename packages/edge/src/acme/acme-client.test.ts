import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority, issueFor } from '../certificate.ts';
import { AccountKey } from './account-key.ts';
import { AcmeClient } from './acme-client.ts';

type Reply = { status?: number; headers?: Record<string, string>; body?: unknown };
type Sent = { path: string; header: Record<string, unknown>; payload: unknown };

const ORDER = { status: 'pending', authorizations: ['https://x/authz'], finalize: 'https://x/finalize' };

let server: Server;
let origin: string;
let ca: string;
let sent: Sent[];
/** What is answered to signed requests, one after the other. */
let replies: Reply[];
let nonces: number;

beforeAll(async () => {
  const authority = await createAuthority('localhost', new Date());
  ca = authority.certPem;
  const { certPem, keyPem } = await issueFor(authority, 'localhost', new Date());
  server = createServer(
    { cert: certPem, key: keyPem },
    (request, response) => void answer(request, response),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address with one.
  origin = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  sent = [];
  replies = [];
  nonces = 0;
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  nonces += 1;
  response.setHeader('replay-nonce', `nonce-${nonces}`);
  if (request.url === '/dir') {
    const directory = { newNonce: '/nonce', newAccount: '/account', newOrder: '/order' };
    const absolute = Object.entries(directory).map(([name, path]) => [name, origin + path]);
    response.end(JSON.stringify(Object.fromEntries(absolute)));
    return;
  }
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  let text = '';
  for await (const chunk of request) text += String(chunk);
  // The client's own words, which the test looks at.
  const jws = JSON.parse(text) as { protected: string; payload: string };
  const payload = Buffer.from(jws.payload, 'base64url').toString();
  sent.push({
    path: request.url ?? '',
    header: JSON.parse(Buffer.from(jws.protected, 'base64url').toString()),
    payload: payload === '' ? null : JSON.parse(payload),
  });
  const { status = 200, headers = {}, body } = replies.shift() ?? {};
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
}

function client(accountUrl: string | null = 'https://x/account/1'): AcmeClient {
  const key = new AccountKey(AccountKey.generate());
  return new AcmeClient({ directory: `${origin}/dir`, key, accountUrl, ca });
}

function problem(type: string, more: object = {}): object {
  return { type: `urn:ietf:params:acme:error:${type}`, detail: `the detail of ${type}`, ...more };
}

describe('a request', () => {
  test('is signed for its address with a nonce of its own, by the account that the authority knows', async () => {
    replies = [
      { status: 201, headers: { location: 'https://x/order/1' }, body: ORDER },
      { body: { ...ORDER, status: 'ready' }, headers: { 'retry-after': '7' } },
    ];
    const asked = client();
    const order = await asked.newOrder('www.example.com');
    expect(order).toMatchObject({ url: 'https://x/order/1', status: 'pending', retryAfterMs: null });
    expect(await asked.order(`${origin}/order/1`)).toMatchObject({ status: 'ready', retryAfterMs: 7000 });
    expect(sent.map(({ path, payload }) => [path, payload])).toEqual([
      ['/order', { identifiers: [{ type: 'dns', value: 'www.example.com' }] }],
      ['/order/1', null],
    ]);
    for (const { header, path } of sent) {
      expect(header).toMatchObject({ alg: 'ES256', url: origin + path, kid: 'https://x/account/1' });
    }
    expect(new Set(sent.map(({ header }) => header.nonce)).size).toBe(2);
  });

  test('for an account carries the key, and whom to write to', async () => {
    replies = [{ status: 201, headers: { location: 'https://x/account/7' } }];
    expect(await client(null).register('operator@example.com')).toBe('https://x/account/7');
    expect(sent[0]?.payload).toEqual({
      termsOfServiceAgreed: true,
      contact: ['mailto:operator@example.com'],
    });
    expect(sent[0]?.header).toMatchObject({ jwk: { kty: 'EC', crv: 'P-256' } });
    expect(JSON.stringify(sent[0]?.header)).not.toContain('"d"');
  });

  test('is repeated with the nonce that comes with a refused one, and not for ever', async () => {
    const stale = { status: 400, body: problem('badNonce') };
    replies = [stale, stale, { body: ORDER }];
    expect(await client().order(`${origin}/order/1`)).toMatchObject({ status: 'pending' });
    expect(sent).toHaveLength(3);
    replies = Array.from({ length: 20 }, () => stale);
    await expect(client().order(`${origin}/order/1`)).rejects.toMatchObject({ type: 'badNonce' });
    expect(sent.length).toBeLessThan(20);
  });
});

describe('a refusal', () => {
  test('is told with its kind, all its details and how long to wait', async () => {
    const subproblems = [{ detail: 'and\nmore of it' }, { detail: 'and more of it' }];
    replies = [
      { status: 429, headers: { 'retry-after': '3600' }, body: problem('rateLimited', { subproblems }) },
    ];
    await expect(client().newOrder('www.example.com')).rejects.toMatchObject({
      name: 'AcmeProblem',
      type: 'rateLimited',
      status: 429,
      retryAfterMs: 3_600_000,
      message: 'the detail of rateLimited and more of it',
    });
  });

  test.each<[what: string, reply: Reply, expected: object]>([
    [
      'a page',
      { status: 502, body: '<html>' },
      { status: 502, type: 'unknown', message: expect.stringContaining('502') },
    ],
    ['no JSON', { body: '<html>' }, { type: 'malformedAnswer' }],
    ['a state that there is not', { body: { ...ORDER, status: 'fine' } }, { type: 'malformedAnswer' }],
    ['an address without TLS', { body: { ...ORDER, finalize: 'http://x/' } }, { type: 'malformedAnswer' }],
    ['too much', { body: { ...ORDER, padding: 'x'.repeat(600_000) } }, { type: 'unreachable', status: 0 }],
  ])('is also what %s comes to', async (_what, reply, expected) => {
    replies = [reply];
    await expect(client().order(`${origin}/order/1`)).rejects.toMatchObject({
      name: 'AcmeProblem',
      ...expected,
    });
  });

  test('is a token that could be another path', async () => {
    replies = [{ body: { challenges: [{ type: 'http-01', url: 'https://x/c', token: '../../secret' }] } }];
    await expect(client().authorization(`${origin}/authz`)).rejects.toMatchObject({
      type: 'malformedAnswer',
    });
  });

  test('is an authority whose own certificate nobody vouches for', async () => {
    const key = new AccountKey(AccountKey.generate());
    const strict = new AcmeClient({ directory: `${origin}/dir`, key, accountUrl: null, ca: null });
    await expect(strict.register(null)).rejects.toMatchObject({ type: 'unreachable', status: 0 });
    expect(sent).toEqual([]);
  });
});

test('the answer to a challenge is its token with the thumbprint of the key (RFC 7638, 3.1)', () => {
  const pem = AccountKey.generate();
  const answer = new AccountKey(pem).authorize('a-token');
  expect(answer).toMatch(/^a-token\.[A-Za-z0-9_-]{43}$/);
  expect(new AccountKey(pem).authorize('a-token')).toBe(answer);
  expect(new AccountKey(AccountKey.generate()).authorize('a-token')).not.toBe(answer);
});
