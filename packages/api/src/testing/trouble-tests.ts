import { holdLock } from '@brainpod/testkit/test-database';
import { openSecondStore } from '@brainpod/testkit/test-store';
import { expect } from 'vitest';
import { bodyLimitOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import { type Proves, preparedPod, type Sample } from './operation-sample.ts';
import { TROUBLES, troubleCases } from './required-cases.ts';
import type { TestApi } from './test-api.ts';

const ONE_REQUEST = { perSecond: 0.001, burst: 1 };

/** The tests of what can go wrong with every operation: see `troubleCases`. */
export function describeTroubles(operation: Operation, sample: Sample, proves: Proves): void {
  const tests: Record<keyof typeof TROUBLES, (api: TestApi) => Promise<void>> = {
    tooLarge: (api) => isTooLarge(api, operation, sample),
    tooMany: (api) => isOneTooMany(api, operation, sample),
    broken: (api) => isBroken(api, sample),
    databaseAway: (api) => isAway(api, sample),
    tooLong: (api) => takesTooLong(api, sample),
  };
  const wanted = troubleCases(operation);
  for (const [name, run] of Object.entries(tests)) {
    const found = wanted.find((trouble) => trouble === Reflect.get(TROUBLES, name));
    if (found !== undefined) proves(found.status, found.title, run);
  }
}

async function isTooLarge(api: TestApi, operation: Operation, sample: Sample): Promise<void> {
  const { json: _, ...request } = sample.request(await preparedPod(api, sample));
  const [mediaType] = operation.body.mediaTypes ?? [];
  // What is read as it comes is refused by what it says of itself.
  const payload = mediaType === undefined ? JSON.stringify('x'.repeat(bodyLimitOf(operation))) : 'x';
  const headers = {
    ...request.headers,
    'content-type': mediaType ?? 'application/json',
    ...(mediaType === undefined ? {} : { 'content-length': String(2 ** 32) }),
  };
  expect((await api.call({ ...request, payload, headers })).error(413).code).toBe('REQUEST_TOO_LARGE');
}

async function isOneTooMany(api: TestApi, { access }: Operation, sample: Sample): Promise<void> {
  const server = api.beside({ rateLimit: ONE_REQUEST, guessLimit: ONE_REQUEST });
  const request = sample.request(await preparedPod(api, sample));
  if (access.scope === 'public') await server.call({ ...request, key: null });
  else await server.get('/v1/me');
  const answer = await server.call(request);
  expect(answer.error(429).code).toBe('RATE_LIMITED');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  await api.sql('delete from rate_budget');
}

/** A column that went away stands for any mistake of ours. */
async function isBroken(api: TestApi, sample: Sample): Promise<void> {
  const request = sample.request(await preparedPod(api, sample));
  await api.sql('alter table api_key rename column policy to misplaced');
  const answer = await api.call(request);
  await api.sql('alter table api_key rename column misplaced to policy');
  const error = answer.error(500);
  expect(error.code).toBe('INTERNAL_ERROR');
  expect(JSON.stringify(answer.body)).not.toMatch(/policy|api_key|column|select/);
}

async function isAway(api: TestApi, sample: Sample): Promise<void> {
  const server = api.beside({ store: openSecondStore({ ...api.address, host: '/nowhere' }) });
  const answer = await server.call(sample.request(await preparedPod(api, sample)));
  expect(answer.error(503).code).toBe('SERVICE_UNAVAILABLE');
  expect(answer.headers['retry-after']).toBe('2');
}

async function takesTooLong(api: TestApi, sample: Sample): Promise<void> {
  const request = sample.request(await preparedPod(api, sample));
  const server = api.beside({ requestTimeoutMs: 50 });
  const lock = await holdLock(api.address, 'lock table api_key in access exclusive mode');
  const answer = await server.call(request);
  await lock.release();
  expect(answer.error(504).code).toBe('REQUEST_TIMEOUT');
}
