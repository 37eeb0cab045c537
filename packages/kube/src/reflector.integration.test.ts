import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { KubeClient } from './client.ts';
import { kubeconfigCredentials } from './credentials.ts';
import { errorFromResponse } from './kube-error.ts';
import { type KubeObject, objectKey } from './kube-object.ts';
import { Reflector } from './reflector.ts';
import { HttpsTransport, type KubeRequest, type Transport } from './transport.ts';

/** How a watch goes wrong; null when it goes well. */
type WatchFault = 'gone' | 'deaf' | null;

/** Lets a test break the watches that go through it. */
class BreakableWatch implements Transport {
  readonly #inner: Transport;
  fault: WatchFault = null;
  /** The server answers as one that does not know the kind. */
  unserved = false;
  /** Events of objects of these names never arrive. */
  hidden: string[] = [];
  #cut = new AbortController();

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  /** Ends the watches that are open. */
  cut(): void {
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  async send(request: KubeRequest): Promise<string> {
    if (!this.unserved) return this.#inner.send(request);
    if (request.path === '/api/v1') return JSON.stringify({ resources: [] });
    throw errorFromResponse(request.path, 404, '404 page not found');
  }

  async stream(request: KubeRequest): Promise<AsyncIterable<Buffer>> {
    const signals = [this.#cut.signal, ...(request.signal === undefined ? [] : [request.signal])];
    const inner = await this.#inner.stream({ ...request, signal: AbortSignal.any(signals) });
    const faultNow = (): WatchFault => this.fault;
    const isHidden = (line: string): boolean => this.hidden.some((name) => line.includes(`"name":"${name}"`));
    return (async function* () {
      if (faultNow() === 'gone') {
        const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
        yield Buffer.from(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      }
      let rest = '';
      for await (const chunk of inner) {
        if (faultNow() === 'deaf') continue;
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (!isHidden(line)) yield Buffer.from(`${line}\n`);
      }
    })();
  }

  tunnel(request: Parameters<Transport['tunnel']>[0]): ReturnType<Transport['tunnel']> {
    return this.#inner.tunnel(request);
  }

  close(): void {
    this.#inner.close();
  }
}

const NAMESPACE = `reflector-${process.pid}`;
let kube: KubeClient;
let watch: BreakableWatch;
let reflector: Reflector<string>;
let label = 0;

beforeAll(async () => {
  kube = await KubeClient.fromKubeconfig(testKubeconfig());
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
});

afterAll(() => kube?.close());

beforeEach(async () => {
  label += 1;
  watch = new BreakableWatch(new HttpsTransport(await kubeconfigCredentials(testKubeconfig())));
});

afterEach(async () => {
  await reflector.stop();
  watch.close();
});

function start(options: { resyncIntervalMs?: number; pageSize?: number } = {}): { changes: string[] } {
  const changes: string[] = [];
  reflector = new Reflector({
    client: new KubeClient(watch),
    query: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: NAMESPACE,
      labelSelector: `test=t${label}`,
      pageSize: options.pageSize ?? 500,
    },
    project: (object) => JSON.stringify(object.data ?? {}),
    onChange: (key, now, before) =>
      changes.push(`${key.split('/').at(-1)}: ${before ?? '-'} → ${now ?? '-'}`),
    onError: () => undefined,
    resyncIntervalMs: options.resyncIntervalMs ?? 600_000,
    backOff: { baseMs: 20, maxMs: 100 },
  });
  reflector.start();
  return { changes };
}

function object(name: string, value = '1'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-${label}`, namespace: NAMESPACE, labels: { test: `t${label}` } },
    data: { value },
  };
}

function cached(name: string): string | undefined {
  return reflector.get(objectKey(object(name)));
}

const soon = { timeoutMs: 3_000, what: 'the cache to follow' };

test('follows what is made, changed and deleted', async () => {
  await kube.apply(object('old'));
  const { changes } = start({ pageSize: 1 });
  await reflector.synced;
  expect(cached('old')).toBe('{"value":"1"}');
  await kube.apply(object('new'));
  await kube.apply(object('new', '2'));
  await kube.delete(object('old'));
  await waitFor(() => cached('old') === undefined && cached('new') === '{"value":"2"}', soon);
  const own = (text: string): string => text.replaceAll(`-${label}`, '');
  expect(changes.map(own)).toEqual([
    'old: - → {"value":"1"}',
    'new: - → {"value":"1"}',
    'new: {"value":"1"} → {"value":"2"}',
    'old: {"value":"1"} → -',
  ]);
  expect(reflector.stats()).toMatchObject({ lists: 1, watches: 1, events: 3, errors: 0 });
});

test('goes on after its connection broke, and knows what happened meanwhile', async () => {
  await kube.apply(object('kept'));
  await kube.apply(object('lost'));
  start();
  await reflector.synced;
  await waitFor(() => reflector.stats().watches === 1, soon);
  watch.fault = 'deaf';
  await kube.delete(object('lost'));
  await kube.apply(object('made'));
  watch.fault = null;
  watch.cut();
  await waitFor(() => cached('lost') === undefined && cached('made') !== undefined, soon);
  expect(cached('kept')).toBeDefined();
  await kube.apply(object('kept', '2'));
  await waitFor(() => cached('kept') === '{"value":"2"}', soon);
});

test('lists anew when the history that it asks for is gone', async () => {
  watch.fault = 'gone';
  start();
  await reflector.synced;
  await waitFor(() => reflector.stats().lists >= 3, soon);
  watch.fault = null;
  await kube.apply(object('a'));
  await waitFor(() => cached('a') !== undefined, soon);
});

test('a periodic list finds what a watch kept to itself, and counts it', async () => {
  await kube.apply(object('gone'));
  start({ resyncIntervalMs: 2_000 });
  await reflector.synced;
  await waitFor(() => reflector.stats().watches === 1, soon);
  watch.hidden = [`gone-${label}`, `unheard-${label}`];
  await kube.delete(object('gone'));
  await kube.apply(object('unheard'));
  await waitFor(() => cached('gone') === undefined && cached('unheard') !== undefined, {
    ...soon,
    timeoutMs: 6_000,
  });
  expect(reflector.stats().lists).toBe(2);
  // That it was missed, and not only late, is known when the watch tells of something newer than the list.
  await kube.apply(object('heard'));
  await waitFor(() => reflector.stats().missedByWatch === 2, soon);
});

test('what a watch tells late is not counted as missed', async () => {
  start({ resyncIntervalMs: 1_000 });
  await reflector.synced;
  for (let change = 0; change < 40; change++) await kube.apply(object('busy', String(change)));
  await waitFor(() => reflector.stats().lists >= 3, { ...soon, timeoutMs: 8_000 });
  await kube.apply(object('busy', 'last'));
  await waitFor(() => cached('busy') === '{"value":"last"}', soon);
  expect(reflector.stats().missedByWatch).toBe(0);
});

test('takes over the answer to a write at once, and is not set back by older events', async () => {
  const { changes } = start();
  await reflector.synced;
  const first = await kube.apply(object('mine', '1'));
  const second = await kube.apply(object('mine', '2'));
  reflector.observe(second);
  const changesBefore = changes.length;
  reflector.observe(first);
  expect(cached('mine')).toBe('{"value":"2"}');
  await kube.apply(object('mine', '3'));
  await waitFor(() => cached('mine') === '{"value":"3"}', soon);
  expect(changes.slice(changesBefore)).toEqual([`mine-${label}: {"value":"2"} → {"value":"3"}`]);
});

test('a kind that the cluster does not serve is empty for now', async () => {
  const absent = new Reflector<string>({
    client: new KubeClient(watch),
    query: { apiVersion: 'example.com/v1', kind: 'Thing' },
    project: () => '',
    onChange: () => undefined,
    onError: () => undefined,
    resyncIntervalMs: 60_000,
  });
  absent.start();
  await absent.synced;
  expect(absent.stats()).toMatchObject({ served: false, objects: 0 });
  await absent.stop();
  start();
});

test('a kind that is away for a moment keeps its objects, one that stays away loses them', async () => {
  await kube.apply(object('a'));
  const { changes } = start();
  await reflector.synced;
  await waitFor(() => reflector.stats().watches === 1, soon);
  watch.unserved = true;
  watch.cut();
  await waitFor(() => reflector.stats().errors >= 3, soon);
  watch.unserved = false;
  await waitFor(() => reflector.isConnected, soon);
  expect(reflector.stats()).toMatchObject({ served: true, objects: 1 });
  expect(changes).toHaveLength(1);
  watch.unserved = true;
  watch.cut();
  await waitFor(() => !reflector.stats().served, { ...soon, timeoutMs: 10_000 });
  expect(cached('a')).toBeUndefined();
  watch.unserved = false;
  await waitFor(() => cached('a') !== undefined && reflector.stats().served, soon);
});
