import { randomUUID } from 'node:crypto';
import { DurationSketch } from '@brainpod/model/duration-sketch';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HttpAccess, PlacedHttpAccess } from './packed-events.ts';
import type { RequestMetric } from './request-records.ts';

let at: TestStore;
let podId: string;
let writer: string;
let batches = 0;

beforeAll(async () => {
  at = await openTestStore();
});
afterAll(() => at.store.close());
beforeEach(async () => {
  podId = await newPod();
  writer = randomUUID();
});

const ROOMY = { days: 7, bytesPerPod: 1e9 };

async function newPod(): Promise<string> {
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  return (await at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR })).id;
}

function request(path: string, changes: Partial<HttpAccess> = {}): HttpAccess {
  return {
    atMs: Date.now(),
    method: 'GET',
    path,
    host: 'web.example.test',
    status: 200,
    durationMs: 1.5,
    protocol: 'HTTP/2',
    responseFlags: null,
    bytesSent: 12,
    bytesReceived: 0,
    upstreamHost: '10.1.2.3:8080',
    clientIp: '192.0.2.7',
    userAgent: 'test/1 "é"',
    requestId: 'b0a1',
    ...changes,
  };
}

function write(...events: { podId?: string; route?: string; events: HttpAccess[] }[]): Promise<void> {
  return at.store.requestRecords.write({
    writer,
    number: ++batches,
    events: events.map((part) => ({ podId, route: 'web', ...part })),
    metrics: [],
  });
}

function filter(changes: { route?: string; matches?: (event: PlacedHttpAccess) => boolean } = {}) {
  return { podId, route: 'web', fromMs: Date.now() - 60_000, matches: () => true, ...changes };
}

/** All pages, newest first. */
async function read(limit = 100, changes: Parameters<typeof filter>[0] = {}): Promise<string[]> {
  const paths: string[] = [];
  let before: number | null = Number.MAX_SAFE_INTEGER;
  while (before !== null) {
    const page = await at.store.httpAccess.page(filter(changes), { limit, before });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    paths.push(...page.events.map(({ path }) => path));
    before = page.nextBefore;
  }
  return paths;
}

const someChunks = () =>
  queryDatabase(at.address, `select * from http_access_chunk where pod_id = '${podId}'`);
/** As if all that is there had been written longer ago. */
const age = (by: string) =>
  queryDatabase(
    at.address,
    `update http_access_chunk set first_position = first_position - extract(epoch from interval '${by}') * 1000000,
       last_position = last_position - extract(epoch from interval '${by}') * 1000000
     where pod_id = '${podId}'`,
  );

describe('events', () => {
  test('come back as they were, newest first, on pages of any size', async () => {
    const whole = request('/0', { status: 0, responseFlags: 'UF,URX', upstreamHost: null, userAgent: null });
    await write({ events: [whole, request('/1')] }, { route: 'other', events: [request('/else')] });
    await write({ events: [request('/2'), request('/3'), request('/4')] });
    for (const limit of [1, 2, 3, 5, 100]) expect(await read(limit)).toEqual(['/4', '/3', '/2', '/1', '/0']);
    const { events } = await at.store.httpAccess.page(filter(), { limit: 10 });
    expect(events.at(-1)).toEqual({ ...whole, position: events.at(-1)?.position });
  });

  test('are those that are asked for: of the Route, since then, that match', async () => {
    const long = request('/old', { atMs: Date.now() - 120_000 });
    await write(
      { events: [long, request('/a'), request('/b')] },
      { route: 'other', events: [request('/c')] },
    );
    expect(await read()).toEqual(['/b', '/a']);
    expect(await read(1, { matches: ({ path }) => path === '/a' })).toEqual(['/a']);
    expect(await read(1, { route: 'other' })).toEqual(['/c']);
  });

  test('of a batch that is sent again are kept once', async () => {
    const batch = { writer, number: ++batches, events: [{ podId, route: 'web', events: [request('/')] }] };
    await at.store.requestRecords.write({ ...batch, metrics: [] });
    await at.store.requestRecords.write({ ...batch, metrics: [] });
    expect(await read()).toEqual(['/']);
  });

  test('of a pod that is no more are passed over, and those beside them kept', async () => {
    await write({ podId: randomUUID(), events: [request('/gone')] }, { events: [request('/kept')] });
    expect(await read()).toEqual(['/kept']);
  });

  test('are followed without a gap while several write', async () => {
    const start = await at.store.httpAccess.lastPosition();
    const paths = Array.from({ length: 40 }, (_, index) => `/${index}`);
    await Promise.all(
      paths.map((path) =>
        at.store.requestRecords.write({
          writer: randomUUID(),
          number: 1,
          events: [{ podId, route: 'web', events: [request(path)] }],
          metrics: [],
        }),
      ),
    );
    const seen: string[] = [];
    for (let position = start; ; ) {
      const { events, reached } = await at.store.httpAccess.after(filter(), position);
      seen.push(...events.map((event) => event.path));
      if (reached === position) break;
      position = reached;
    }
    expect(seen.sort()).toEqual(paths.sort());
  });
});

describe('upkeep', () => {
  test('joins small chunks, and changes neither events nor their places', async () => {
    for (let second = 0; second < 12; second += 1) {
      await write({ events: [request(`/${second}/a`), request(`/${second}/b`)] });
    }
    await age('2 minutes');
    const anyTime = { ...filter(), fromMs: 0 };
    const before = (await at.store.httpAccess.page(anyTime, { limit: 100 })).events;
    await at.store.keepRequests(ROOMY);
    expect(await someChunks()).toHaveLength(1);
    expect((await at.store.httpAccess.page(anyTime, { limit: 100 })).events).toEqual(before);
    const middle = before[11]?.position ?? 0;
    const rest = await at.store.httpAccess.page(anyTime, { limit: 100, before: middle });
    expect(rest.events).toEqual(before.slice(12));
    expect((await at.store.httpAccess.after(anyTime, middle)).events).toEqual(before.slice(0, 11).reverse());
  });

  test('forgets the oldest of a pod that has too much, and nothing of another', async () => {
    const noisy = podId;
    const quiet = await newPod();
    await write({ podId: quiet, events: [request('/quiet')] });
    const random = () => Array.from({ length: 50 }, () => request(`/${randomUUID()}`));
    for (let second = 0; second < 10; second += 1) await write({ podId: noisy, events: random() });
    await write({ podId: noisy, events: [request('/newest')] });
    await at.store.keepRequests({ days: 7, bytesPerPod: 10_000 });
    const left = await someChunks();
    const bytes = left.reduce((sum, { byte_count }) => sum + Number(byte_count), 0);
    expect(bytes).toBeLessThanOrEqual(10_000);
    expect(bytes).toBeGreaterThan(5_000);
    expect((await read())[0]).toBe('/newest');
    podId = quiet;
    expect(await read()).toEqual(['/quiet']);
  });

  test('forgets what is older than the days that it is kept', async () => {
    await write({ events: [request('/')] });
    await age('1 day 1 minute');
    await at.store.keepRequests({ ...ROOMY, days: 2 });
    expect(await someChunks()).toHaveLength(1);
    await at.store.keepRequests({ ...ROOMY, days: 1 });
    expect(await someChunks()).toHaveLength(0);
  });
});

describe('metrics', () => {
  function metric(
    minutesAgo: number,
    second: number,
    durations: number[],
    changes: Partial<RequestMetric> = {},
  ) {
    const sketch = new DurationSketch();
    for (const duration of durations) sketch.add(duration);
    const minute = Math.floor(Date.now() / 60_000) - minutesAgo;
    return {
      podId,
      at: new Date(minute * 60_000 + second * 1000),
      seconds: 10,
      route: 'web',
      app: 'shop',
      revision: 3,
      requests: durations.length,
      errors: 0,
      durations: sketch.encode(),
      ...changes,
    };
  }
  const record = (...metrics: RequestMetric[]) =>
    at.store.requestRecords.write({ writer, number: ++batches, events: [], metrics });
  const sums = async (of: { route: string } | { app: string }, stepSeconds = 60) => {
    const from = new Date(Date.now() - 86_400_000);
    const found = await at.store.requestMetrics.read({ podId, of, from, to: new Date(), stepSeconds });
    return found.map(({ durations, ...sum }) => ({ ...sum, p50: Math.round(durations.quantile(0.5) ?? 0) }));
  };

  test('add up by step, Route, App and revision', async () => {
    await record(
      metric(5, 0, [10, 10, 10]),
      metric(5, 10, [10, 1000, 1000, 1000, 1000], { errors: 2 }),
      metric(5, 20, [50], { revision: 4 }),
      metric(4, 0, [70], { route: 'api' }),
    );
    expect(await sums({ route: 'web' })).toMatchObject([
      { revision: 3, requests: 8, errors: 2, p50: 10 },
      { revision: 4, requests: 1, errors: 0, p50: 50 },
    ]);
    expect(await sums({ route: 'web' }, 10)).toHaveLength(3);
    expect(await sums({ app: 'shop' })).toHaveLength(3);
    expect(await sums({ app: 'web' })).toEqual([]);
  });

  test('become coarser with time, and amount to the same', async () => {
    const old = [0, 10, 20, 30, 40, 50].map((second) => metric(180, second, [second + 1, 500]));
    await record(...old, metric(180, 0, [9], { errors: 1, revision: 4 }), metric(1, 0, [5]));
    const before = await sums({ app: 'shop' });
    await at.store.keepRequests(ROOMY);
    expect(await sums({ app: 'shop' })).toEqual(before);
    const kept = `select seconds from request_metric where pod_id = '${podId}' order by at, revision`;
    expect(await queryDatabase(at.address, kept)).toEqual([
      { seconds: 60 },
      { seconds: 60 },
      { seconds: 10 },
    ]);
  });

  test('are forgotten with the days', async () => {
    await record(metric(1441, 0, [5]), metric(1, 0, [5]));
    await at.store.keepRequests({ ...ROOMY, days: 1 });
    expect(
      await queryDatabase(at.address, `select 1 from request_metric where pod_id = '${podId}'`),
    ).toHaveLength(1);
  });
});
