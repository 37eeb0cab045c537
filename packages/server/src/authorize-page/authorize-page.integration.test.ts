import { Writable } from 'node:stream';
import { buildServer } from '@brainpod/api/server';
import { StandInImages } from '@brainpod/api/testing/stand-in-images';
import { StandInKeeper } from '@brainpod/api/testing/stand-in-keeper';
import { FULL_POLICY, type Policy } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerAuthorizePage } from './routes.ts';

const STATE = '0f'.repeat(32);
const REQUEST = { redirect_uri: 'http://127.0.0.1:4321/callback', state: STATE };

let at: TestStore;
let server: FastifyInstance;
let log = '';

beforeAll(async () => {
  at = await openTestStore();
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      log += String(chunk);
      done();
    },
  });
  server = buildServer({
    store: at.store,
    domain: 'example.test',
    registryHost: 'registry.example.test',
    blueprints: [],
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    guessLimit: { perSecond: 0.001, burst: 5 },
    trustedProxies: ['loopback'],
    logger: pino({ level: 'trace' }, stream),
  });
  registerAuthorizePage(server);
});
afterAll(async () => {
  await server.close();
  await at.store.close();
});

function get(parameters: Record<string, string>) {
  return server.inject({ method: 'GET', url: `/cli/authorize?${new URLSearchParams(parameters)}` });
}

function post(fields: Record<string, string>, headers: Record<string, string> = {}) {
  return server.inject({
    method: 'POST',
    url: '/cli/authorize',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams({ ...REQUEST, ...fields }).toString(),
  });
}

async function newKey(policy: Policy = FULL_POLICY, expiresAt?: Date): Promise<string> {
  const key = { userId: at.userId, name: 'mine', policy, actor: TEST_ACTOR };
  const limited = expiresAt === undefined ? key : { ...key, expiresAt };
  return (await at.store.apiKeys.create(limited)).secret;
}

async function keyCount(): Promise<number> {
  return (await at.store.apiKeys.list(at.accountId)).length;
}

describe('the page', () => {
  test('asks for a key, and says what for', async () => {
    const page = await get(REQUEST);
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('127.0.0.1:4321');
    expect(page.body).toMatch(/<input id="key" name="key" type="password" autocomplete="off"/);
    expect(page.body).toMatch(/<form method="post"/);
  });

  test('is kept nowhere, framed by nobody, and leads nowhere but to the program that asks', async () => {
    const { headers } = await get(REQUEST);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self' http://127.0.0.1:4321;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('script');
  });

  test('names all that is wrong with the address, and leads nowhere then', async () => {
    const page = await get({ redirect_uri: 'https://elsewhere.test/', state: '<b>' });
    expect(page.statusCode).toBe(400);
    expect(page.body).toContain('redirect_uri');
    expect(page.body).toContain('state');
    expect(page.body).not.toContain('elsewhere');
    expect(page.body).not.toContain('<b>');
    const form = await post({ redirect_uri: 'https://elsewhere.test/', step: 'refuse' });
    expect([form.statusCode, form.headers.location]).toEqual([400, undefined]);
  });
});

describe('a person', () => {
  test('sees what the new key may do before there is one', async () => {
    const before = await keyCount();
    const page = await post({ step: 'show', key: await newKey() });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('ada@example.com');
    expect(page.body).toContain('<code>revisions:deploy</code> <span>on every pod</span>');
    expect(page.body).toContain('30 days');
    expect(await keyCount()).toBe(before + 1);
  });

  test('approves, and the command line gets a key of its own that may do as much, for 30 days', async () => {
    const key = await newKey();
    const answer = await post({ step: 'approve', key });
    expect(answer.statusCode).toBe(302);
    const location = new URL(String(answer.headers.location));
    expect(`${location.origin}${location.pathname}`).toBe(REQUEST.redirect_uri);
    expect([...location.searchParams.keys()]).toEqual(['token', 'state']);
    expect(location.searchParams.get('state')).toBe(STATE);
    const token = location.searchParams.get('token') ?? '';
    expect(token).toMatch(/^brain_[0-9A-Za-z]{32}$/);
    expect(token).not.toBe(key);
    const made = await at.store.apiKeys.authenticate(token);
    expect(made).toMatchObject({ email: 'ada@example.com', policy: FULL_POLICY });
    expect(made?.keyName).toMatch(/^brainpod CLI on \d{4}-\d\d-\d\d$/);
    const [newest] = await at.store.apiKeys.list(at.accountId);
    const days = (Number(newest?.expiresAt) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
    const { items } = await at.store.audit.list({ accountId: at.accountId }, { limit: 1 });
    expect(items).toMatchObject([{ operation: 'createKey', target: newest?.id, keyName: 'mine' }]);
  });

  test('gets one that ends with theirs, when that ends sooner', async () => {
    const expiresAt = new Date(Date.now() + 86_400_000);
    const answer = await post({ step: 'approve', key: await newKey(FULL_POLICY, expiresAt) });
    expect(answer.statusCode).toBe(302);
    expect((await at.store.apiKeys.list(at.accountId))[0]?.expiresAt).toEqual(expiresAt);
  });

  test('refuses, without a key', async () => {
    const before = await keyCount();
    const answer = await post({ step: 'refuse' });
    expect(answer.statusCode).toBe(302);
    expect(answer.headers.location).toBe(`${REQUEST.redirect_uri}?error=access_denied&state=${STATE}`);
    expect(await keyCount()).toBe(before);
  });

  test('is told why a key will not do, and nothing is made', async () => {
    const statement = {
      sid: 'read',
      effect: 'allow' as const,
      actions: ['pods:read'],
      resources: ['urn:brain:pod:*'],
    };
    const limited = await newKey({ version: '1', statements: [statement] });
    const before = await keyCount();
    for (const step of ['show', 'approve']) {
      const refused = await post({ step, key: limited });
      expect([refused.statusCode, refused.headers.location]).toEqual([403, undefined]);
      expect(refused.body).toContain('keys:write');
      for (const key of ['', 'two words', `brain_${'x'.repeat(32)}`]) {
        const unknown = await post({ step, key }, { 'x-forwarded-for': '192.0.2.1' });
        expect([400, 401]).toContain(unknown.statusCode);
        expect(unknown.body).toContain('role="alert"');
        if (key !== '') expect(unknown.body).not.toContain(key);
      }
    }
    expect(await keyCount()).toBe(before);
  });

  test('cannot try keys without end', async () => {
    const guess = () =>
      post({ step: 'show', key: `brain_${'y'.repeat(32)}` }, { 'x-forwarded-for': '192.0.2.2' });
    for (let count = 0; count < 5; count += 1) expect((await guess()).statusCode).toBe(401);
    const refused = await guess();
    expect(refused.statusCode).toBe(429);
    expect(refused.body).toContain('Too many requests');
  });
});

test('a body that is no form is refused like an empty one', async () => {
  const answer = await server.inject({
    method: 'POST',
    url: '/cli/authorize',
    payload: { ...REQUEST, step: 'refuse' },
  });
  expect(answer.statusCode).toBe(400);
});

test('neither the given key nor the new one gets into the log', async () => {
  const key = await newKey();
  await post({ step: 'show', key });
  const answer = await post({ step: 'approve', key });
  const token = new URL(String(answer.headers.location)).searchParams.get('token') ?? '';
  expect(token).not.toBe('');
  expect(log).toContain('/cli/authorize');
  expect(log).not.toContain(key);
  expect(log).not.toContain(token);
});
