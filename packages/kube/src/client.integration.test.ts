import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KubeClient } from './client.ts';
import { kubeconfigCredentials } from './credentials.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { HttpsTransport, type Transport } from './transport.ts';

const NAMESPACE = `client-${process.pid}`;
let kube: KubeClient;

beforeAll(async () => {
  kube = await KubeClient.fromKubeconfig(testKubeconfig());
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
});

afterAll(() => kube?.close());

function configMap(
  name: string,
  data: Record<string, string>,
  labels: Record<string, string> = {},
): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE, labels }, data };
}

async function errorOf(call: Promise<unknown>): Promise<KubeError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KubeError)) throw new Error(`expected a KubeError, got ${String(error)}`);
  return error;
}

describe('KubeClient', () => {
  test('applies, reads, changes and deletes', async () => {
    const made = await kube.apply(configMap('a', { x: '1' }));
    expect(made).toMatchObject({ kind: 'ConfigMap', data: { x: '1' } });
    expect((await kube.get(made))?.metadata.uid).toBe(made.metadata.uid);
    // What is no longer stated is taken away, by the rules of server-side apply.
    expect((await kube.apply(configMap('a', { y: '2' }))).data).toEqual({ y: '2' });
    expect((await kube.patch(made, { data: { z: '3' } }, 'merge')).data).toEqual({ y: '2', z: '3' });
    expect(await kube.delete(made)).toBe(true);
    expect(await kube.get(made)).toBeNull();
    expect(await kube.delete(made)).toBe(false);
  });

  test('an apply that changes nothing leaves the version as it is', async () => {
    const first = await kube.apply(configMap('same', { x: '1' }));
    const second = await kube.apply(configMap('same', { x: '1' }));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('takes over fields that somebody else changed', async () => {
    await kube.apply(configMap('forced', { x: '1' }));
    await kube.apply(configMap('forced', { x: 'theirs' }), { fieldManager: 'somebody' });
    expect((await kube.apply(configMap('forced', { x: '1' }))).data).toEqual({ x: '1' });
  });

  test('a dry run answers and writes nothing; faults come back as such', async () => {
    const answer = await kube.apply(configMap('dry', { x: '1' }), { dryRun: true });
    expect(answer.data).toEqual({ x: '1' });
    expect(await kube.get(answer)).toBeNull();
    const invalid = await errorOf(kube.apply({ ...configMap('dry', {}), data: { x: 1 } }, { dryRun: true }));
    expect(invalid.retryable).toBe(false);
    const unknownField = await errorOf(kube.apply({ ...configMap('dry', {}), dota: {} }, { dryRun: true }));
    expect(unknownField).toMatchObject({ retryable: false });
    expect(unknownField.message).toContain('dota');
  });

  test('a missing namespace or kind may still come', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'nowhere' } };
    expect(await errorOf(kube.apply(object))).toMatchObject({ status: 404, retryable: true });
    const unknown = {
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a', namespace: NAMESPACE },
    };
    expect(await errorOf(kube.apply(unknown))).toMatchObject({ reason: 'NoSuchKind', retryable: true });
    expect(await kube.hasResource('example.com/v1', 'Thing')).toBe(false);
    expect(await kube.hasResource('gateway.networking.k8s.io/v1', 'HTTPRoute')).toBe(true);
  });

  test('a namespaced object without a namespace is a mistake of the caller', async () => {
    await expect(kube.get({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })).rejects.toThrow(
      TypeError,
    );
  });

  test('lists in pages, and only metadata where that is enough', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `paged-${index}`);
    for (const name of names) await kube.apply(configMap(name, { secret: 'content' }, { paged: 'yes' }));
    const query = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: NAMESPACE,
      labelSelector: 'paged=yes',
      pageSize: 3,
    };
    const pages: number[] = [];
    for await (const page of kube.listPages(query)) pages.push(page.items.length);
    expect(pages).toEqual([3, 3, 1]);
    const { items, resourceVersion } = await kube.list({ ...query, metadataOnly: true });
    expect(items.map((item) => item.metadata.name)).toEqual(names);
    expect(JSON.stringify(items)).not.toContain('content');
    expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(resourceVersion).toMatch(/^\d+$/);
  });

  test('deletes only the very object that was meant', async () => {
    const made = await kube.apply(configMap('precise', {}));
    expect(await kube.delete(made, { uid: '00000000-0000-0000-0000-000000000000' })).toBe(false);
    expect(await kube.get(made)).not.toBeNull();
    const { uid } = made.metadata;
    if (uid === undefined) throw new Error('no uid');
    expect(await kube.delete(made, { uid })).toBe(true);
  });

  test('writes a status by itself', async () => {
    const k8sPod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'status', namespace: NAMESPACE },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    };
    // The namespace's account is made by a controller, a moment after the namespace.
    await waitFor(
      () =>
        kube.apply(k8sPod).then(
          () => true,
          () => false,
        ),
      { timeoutMs: 10_000, what: 'the default account' },
    );
    const patched = await kube.patch(k8sPod, { status: { phase: 'Running' } }, 'merge', 'status');
    expect(patched.status).toMatchObject({ phase: 'Running' });
    const query = { namespace: NAMESPACE, pod: 'status', container: 'a', tailLines: 5 };
    // Nothing ever ran, so there is nothing to read.
    expect(await kube.readLog(query)).toBe('');
    expect(await errorOf(kube.readLog({ ...query, pod: 'nobody' }))).toMatchObject({ status: 404 });
  });

  test('knows its server', async () => {
    const version = await kube.serverVersion();
    expect(version.major).toBe(1);
    expect(version.minor).toBeGreaterThan(30);
    expect(await kube.isReady()).toBe(true);
  });
});

describe('HttpsTransport', () => {
  let transport: Transport;

  beforeAll(async () => {
    transport = new HttpsTransport(await kubeconfigCredentials(testKubeconfig()));
  });

  afterAll(() => transport?.close());

  test('says that there was no answer in time', async () => {
    const error = await errorOf(
      transport.send({ method: 'GET', path: '/api/v1/pods', query: { watch: '1' }, timeoutMs: 50 }),
    );
    expect(error).toMatchObject({ reason: 'Timeout', retryable: true });
  });

  test('ends a call that is called off', async () => {
    const controller = new AbortController();
    const call = errorOf(
      transport.send({
        method: 'GET',
        path: '/api/v1/pods',
        query: { watch: '1' },
        signal: controller.signal,
      }),
    );
    controller.abort();
    expect((await call).status).toBe(0);
  });
});
