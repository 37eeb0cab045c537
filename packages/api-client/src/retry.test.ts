import { describe, expect, it } from 'vitest';
import { retryingFetch } from './retry.ts';

const ENDPOINT = 'https://api.test';

function answer(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = { error: { code, message: 'no', requestId: 'r' } };
  return new Response(JSON.stringify(body), { status, headers });
}

/** Plays these answers one after the other; gives what came out, how often it was asked and what was waited. */
async function play(method: string, path: string, answers: (() => Response)[]) {
  const bodies: string[] = [];
  const keys: (string | null)[] = [];
  const told: string[] = [];
  const delaysMs: number[] = [];
  const fetch = retryingFetch({
    fetch: async (request) => {
      bodies.push(await request.text());
      keys.push(request.headers.get('idempotency-key'));
      const next = answers[Math.min(bodies.length, answers.length) - 1];
      if (next === undefined) throw new Error('no answer');
      return next();
    },
    sleep: async (delayMs) => void delaysMs.push(delayMs),
    random: () => 0.5,
    onRetry: ({ code }) => told.push(code),
  });
  const init = method === 'GET' || method === 'DELETE' ? { method } : { method, body: '{"a":1}' };
  const response = await fetch(new Request(`${ENDPOINT}${path}`, init));
  return { status: response.status, attempts: bodies.length, bodies, delaysMs, keys, told };
}

const ok = () => new Response('{}', { status: 200 });
const failing = (status: number, code: string) => () => answer(status, code);

describe('what is tried again', () => {
  it.each([
    ['GET', '/v1/pods', 429, 'RATE_LIMITED'],
    ['GET', '/v1/pods', 503, 'SERVICE_UNAVAILABLE'],
    ['GET', '/v1/pods', 504, 'REQUEST_TIMEOUT'],
    ['GET', '/v1/pods', 500, 'INTERNAL_ERROR'],
    ['PUT', '/v1/pods/p/resources/App/default/web', 504, 'REQUEST_TIMEOUT'],
    ['POST', '/v1/pods/p/deploy', 503, 'SERVICE_UNAVAILABLE'],
    ['POST', '/v1/pods/p/resources', 429, 'RATE_LIMITED'],
    ['POST', '/v1/pods', 503, 'SERVICE_UNAVAILABLE'],
    ['POST', '/v1/pods/p/deploy', 504, 'REQUEST_TIMEOUT'],
    ['POST', '/v1/pods/p/resources', 500, 'INTERNAL_ERROR'],
  ])('%s %s after %i', async (method, path, status, code) => {
    const played = await play(method, path, [failing(status, code), ok]);
    expect([played.status, played.attempts, played.told]).toEqual([200, 2, [code]]);
    expect(played.bodies[1]).toBe(played.bodies[0]);
  });

  it('a POST with one key for all attempts, a new one for the next call', async () => {
    const away = failing(503, 'SERVICE_UNAVAILABLE');
    const first = await play('POST', '/v1/pods', [away, away, ok]);
    const second = await play('POST', '/v1/pods', [ok]);
    expect(new Set(first.keys).size).toBe(1);
    expect(first.keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.keys).not.toContain(first.keys[0]);
    expect((await play('GET', '/v1/me', [ok])).keys).toEqual([null]);
  });

  it('a connection that broke, and not one to where nobody listens', async () => {
    const failure = (code: string) => () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
    };
    const broken = await play('POST', '/v1/pods', [failure('ECONNRESET'), ok]);
    expect([broken.attempts, broken.told]).toEqual([2, ['CONNECTION_BROKEN']]);
    await expect(play('GET', '/v1/me', [failure('ECONNREFUSED'), ok])).rejects.toThrow('fetch failed');
  });

  it('waits longer each time, as long as the API asks, and gives up after four', async () => {
    const away = await play('GET', '/v1/me', [failing(503, 'SERVICE_UNAVAILABLE')]);
    expect([away.status, away.attempts, away.delaysMs]).toEqual([503, 4, [500, 1000, 2000]]);
    const asked = await play('GET', '/v1/me', [
      () => answer(429, 'RATE_LIMITED', { 'retry-after': '7' }),
      ok,
    ]);
    expect(asked.delaysMs).toEqual([7875]);
    const never = await play('GET', '/v1/me', [
      () => answer(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '9999' }),
      ok,
    ]);
    expect(never.delaysMs).toEqual([33_750]);
  });

  it('a server error once', async () => {
    expect((await play('GET', '/v1/me', [failing(500, 'INTERNAL_ERROR')])).attempts).toBe(2);
  });
});

describe('what is not tried again', () => {
  it.each([
    ['GET', '/v1/pods', 401, 'UNAUTHORIZED'],
    ['GET', '/v1/pods', 404, 'NOT_FOUND'],
    ['PUT', '/v1/pods/p/resources/App/default/web', 412, 'PRECONDITION_FAILED'],
  ])('%s %s after %i %s', async (method, path, status, code) => {
    const played = await play(method, path, [failing(status, code), ok]);
    expect([played.status, played.attempts]).toEqual([status, 1]);
  });

  it('what is no answer of the API', async () => {
    const played = await play('GET', '/v1/me', [() => new Response('<html>', { status: 503 }), ok]);
    expect([played.status, played.attempts]).toEqual([503, 1]);
  });
});
