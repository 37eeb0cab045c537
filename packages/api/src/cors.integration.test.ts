import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPERATIONS } from './operations.ts';
import { TestApi } from './testing/test-api.ts';

const CONSOLE = 'https://console.example.test';
let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ allowedOrigins: [CONSOLE], rateLimit: { perSecond: 100, burst: 100 } });
});
afterAll(() => api.close());

function preflight(path: string, method: string, origin: string) {
  const headers = { origin, 'access-control-request-method': method };
  return api.server.inject({ method: 'OPTIONS', url: path, headers });
}

function namesIn(header: unknown): string[] {
  return String(header).toLowerCase().split(', ');
}

describe('a page of the console', () => {
  test('may call every operation', async () => {
    for (const { method, path } of OPERATIONS) {
      const answer = await preflight(path, method, CONSOLE);
      expect(answer.statusCode).toBe(204);
      expect(answer.body).toBe('');
      expect(answer.headers['access-control-allow-origin']).toBe(CONSOLE);
      expect(namesIn(answer.headers['access-control-allow-methods'])).toContain(method.toLowerCase());
      expect(namesIn(answer.headers['access-control-allow-headers'])).toEqual(
        expect.arrayContaining(['authorization', 'content-type', 'idempotency-key', 'if-match']),
      );
    }
  });

  test('may read every header of an answer that says something', async () => {
    const pod = await api.newPod();
    const origin = { origin: CONSOLE };
    const list = await api.call({ method: 'GET', path: `/v1/pods/${pod.name}/resources`, headers: origin });
    const exposed = namesIn(list.headers['access-control-expose-headers']);
    const said = Object.keys(list.headers).filter((name) => /^(etag|x-|ratelimit|link|retry)/.test(name));
    expect(said.length).toBeGreaterThan(4);
    expect(exposed).toEqual(expect.arrayContaining([...said, 'retry-after', 'link', 'x-next-cursor']));
  });

  test('may read refusals too', async () => {
    for (const path of ['/v1/me', '/v1/nothing']) {
      const answer = await api.call({ method: 'GET', path, key: null, headers: { origin: CONSOLE } });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers['access-control-allow-origin']).toBe(CONSOLE);
    }
  });

  test('needs no cookies for it', async () => {
    const answer = await preflight('/v1/me', 'GET', CONSOLE);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });
});

test.each(['https://elsewhere.test', 'null', `${CONSOLE}.elsewhere.test`, 'http://console.example.test'])(
  'a page of %s may not',
  async (origin) => {
    const refused = await preflight('/v1/me', 'GET', origin);
    expect(refused.statusCode).toBe(404);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    const answer = await api.call({ method: 'GET', path: '/v1/me', headers: { origin } });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.headers.vary).toBe('Origin');
  },
);

test('what lies beside the API is no business of it', async () => {
  const answer = await api.server.inject({ method: 'GET', url: '/', headers: { origin: CONSOLE } });
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
});
