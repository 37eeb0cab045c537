import { openSecondStore } from '@brainpod/testkit/test-store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyRates } from './rate-limit.ts';
import { User } from './schemas.ts';
import { TestApi } from './testing/test-api.ts';

// So slow that nothing comes back during a test, and leases are of one request.
const LIMIT = { perSecond: 0.001, burst: 20 };

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

describe('requests with one key', () => {
  test('are as many on two servers together as on one', async () => {
    const servers = [api.beside({ rateLimit: LIMIT }), api.beside({ rateLimit: LIMIT })];
    const key = await api.keyFor(['pods:read']);
    const calls = Array.from({ length: 60 }, (_, index) => servers[index % 2]?.get('/v1/me', key));
    const statuses = (await Promise.all(calls)).map((answer) => answer?.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
    for (const server of servers) (await server.get('/v1/me', await api.keyFor(['pods:read']))).as(200, User);
  });

  test('are told what is left, and when to come back', async () => {
    const server = api.beside({ rateLimit: { perSecond: 0.1, burst: 2 } });
    const key = await api.keyFor(['pods:read']);
    const first = await server.get('/v1/me', key);
    expect(first.headers).toMatchObject({
      'ratelimit-limit': '2',
      'ratelimit-remaining': '1',
      'ratelimit-reset': '10',
    });
    await server.get('/v1/me', key);
    const refused = await server.get('/v1/me', key);
    expect(refused.error(429)).toMatchObject({ code: 'RATE_LIMITED' });
    expect(refused.headers).toMatchObject({ 'retry-after': '10', 'ratelimit-remaining': '0' });
    expect(refused.error(429).message).toContain('10 seconds');
  });

  test('count before it is asked whether the key may do it', async () => {
    const server = api.beside({ rateLimit: { perSecond: 0.001, burst: 1 } });
    const key = await api.keyFor(['pods:read']);
    (await server.get('/v1/pods/no-such-pod', key)).error(404);
    (await server.get('/v1/pods/no-such-pod', key)).error(429);
  });
});

describe('leases', () => {
  const keyId = '00000000-0000-4000-8000-000000000001';
  let nowMs = 0;
  const leased = () => api.sql(`select tokens from rate_budget where key_id = '${keyId}'`);

  test('cost a statement for many requests, and are given up when nobody uses them', async () => {
    const limit = { perSecond: 40, burst: 100 };
    let statements = 0;
    const budgets = api.store.rateBudgets;
    const counted = new Proxy(budgets, {
      get: (target, name) => {
        if (name === 'lease') statements += 1;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const rates = new KeyRates(counted, limit, () => nowMs);
    nowMs = 5000;
    for (let count = 0; count < 10; count += 1) expect((await rates.take(keyId)).isAllowed).toBe(true);
    expect(statements).toBe(1);
    expect(await leased()).toMatchObject([{ tokens: 90 }]);
    await rates.take(keyId);
    expect(statements).toBe(2);
    nowMs += 1001;
    await rates.take(keyId);
    expect(statements).toBe(3);
  });

  test('are not asked for again and again when there is nothing to be had', async () => {
    const other = '00000000-0000-4000-8000-000000000002';
    const rates = new KeyRates(api.store.rateBudgets, { perSecond: 0.001, burst: 1 }, () => nowMs);
    expect(await rates.take(other)).toMatchObject({ isAllowed: true, remaining: 0 });
    expect(await rates.take(other)).toMatchObject({ isAllowed: false, resetSeconds: 1000 });
    await api.sql(`update rate_budget set tokens = 1 where key_id = '${other}'`);
    expect((await rates.take(other)).isAllowed).toBe(false);
    nowMs += 1_000_001;
    expect((await rates.take(other)).isAllowed).toBe(true);
  });

  test('grow back with time, up to the burst', async () => {
    const third = '00000000-0000-4000-8000-000000000003';
    const limit = { perSecond: 2, burst: 10 };
    expect(await api.store.rateBudgets.lease(third, 10, limit)).toEqual({ tokens: 10, left: 0 });
    await api.sql(
      `update rate_budget set refilled_at = now() - interval '3 seconds' where key_id = '${third}'`,
    );
    expect(await api.store.rateBudgets.lease(third, 4, limit)).toMatchObject({ tokens: 4 });
    await api.sql(`update rate_budget set refilled_at = now() - interval '1 hour' where key_id = '${third}'`);
    expect(await api.store.rateBudgets.lease(third, 4, limit)).toEqual({ tokens: 4, left: 6 });
  });

  test('of a database that is away refuse nobody', async () => {
    const away = openSecondStore({ ...api.address, host: '/nowhere' });
    const rates = new KeyRates(away.rateBudgets, LIMIT);
    expect((await rates.take(keyId)).isAllowed).toBe(true);
  });
});

describe('requests without a valid key', () => {
  test('are only so many from one address, and others go on', async () => {
    const server = api.beside({ guessLimit: { perSecond: 0.001, burst: 3 } });
    const guess = `brain_${'x'.repeat(32)}`;
    (await server.get('/v1/me')).as(200, User);
    for (let count = 0; count < 3; count += 1) (await server.get('/v1/me', guess)).error(401);
    (await server.get('/v1/me', guess)).error(429);
    (await server.call({ method: 'GET', path: '/v1/me', key: null })).error(429);
    (await server.call({ method: 'GET', path: '/v1/openapi.json', key: null })).error(429);
    (await server.get('/v1/me')).as(200, User);
  });

  test('are told apart by what a trusted proxy says', async () => {
    const server = api.beside({
      guessLimit: { perSecond: 0.001, burst: 1 },
      trustedProxies: ['loopback'],
    });
    const guess = (address: string) =>
      server.call({ method: 'GET', path: '/v1/me', key: null, headers: { 'x-forwarded-for': address } });
    (await guess('192.0.2.1')).error(401);
    (await guess('192.0.2.1')).error(429);
    (await guess('192.0.2.2')).error(401);
  });

  test('cannot be told apart by what they say themselves', async () => {
    const server = api.beside({ guessLimit: { perSecond: 0.001, burst: 1 } });
    const guess = (address: string) =>
      server.call({ method: 'GET', path: '/v1/me', key: null, headers: { 'x-forwarded-for': address } });
    (await guess('192.0.2.1')).error(401);
    (await guess('192.0.2.2')).error(429);
  });
});
