import { compilePod } from '@brainpod/compiler/compile';
import { namespaceName } from '@brainpod/compiler/names';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { rehearseObjects } from './rehearse-objects.ts';

const SPARE = `spare-${process.pid}`;
let kube: KubeClient;

beforeAll(async () => {
  kube = await KubeClient.fromKubeconfig(testKubeconfig());
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SPARE } });
});
afterAll(() => kube?.close());

function compiled(podName: string) {
  const pod = { ...UNTOUCHED, name: podName, pullSecret: { dockerConfigJson: '{"auths":{}}' } };
  return compilePod(
    [app('web'), config('settings', { 'a.conf': 'a' }), route('web', 'web', 8080)],
    pod,
    PLATFORM,
  ).objects;
}

const rehearse = (podName: string, objects: ReturnType<typeof compiled>, client = kube) =>
  rehearseObjects(client, { podName, objects, spareNamespace: SPARE }, new AbortController().signal);

async function namespaces(): Promise<string[]> {
  return (await kube.list({ apiVersion: 'v1', kind: 'Namespace' })).items.map(
    ({ metadata }) => metadata.name,
  );
}

test('a pod that was never deployed is checked, and nothing is made', async () => {
  const podName = `rehearsed-${process.pid}`;
  const objects = compiled(podName);
  expect(objects.length).toBeGreaterThan(5);
  expect(await rehearse(podName, objects)).toEqual([]);
  expect(await namespaces()).not.toContain(namespaceName(podName));
  for (const { object } of objects) {
    if (object.metadata.namespace === undefined) continue;
    const spared = { ...object, metadata: { ...object.metadata, namespace: SPARE } };
    expect(await kube.get(spared)).toBeNull();
  }
});

test('a pod with a namespace is checked in it, against its own bounds', async () => {
  const podName = `bounded-${process.pid}`;
  const objects = compiled(podName);
  const namespace = objects.find(({ object }) => object.kind === 'Namespace');
  if (namespace === undefined) throw new Error('a pod has a namespace');
  await kube.apply(namespace.object);
  await kube.apply({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'full', namespace: namespaceName(podName) },
    spec: { hard: { 'count/services': '0' } },
  });
  const service = objects.find(({ object }) => object.kind === 'Service');
  if (service === undefined) throw new Error('an App with a Route has a Service');
  // The quota's controller counts a moment after it is made.
  await expect
    .poll(() => rehearse(podName, objects), { timeout: 20_000 })
    .toEqual([{ path: 'App/web', message: expect.stringContaining('needs more than the pod may have') }]);
  expect(await kube.get(service.object)).toBeNull();
});

test('what the cluster refuses is told by resource, in words for a person', async () => {
  const podName = `refused-${process.pid}`;
  const objects = compiled(podName).map((entry) =>
    entry.object.kind === 'Deployment'
      ? { ...entry, object: { ...entry.object, spec: { nonsense: 1 } } }
      : entry,
  );
  const [refusal, ...others] = await rehearse(podName, objects);
  expect(others).toEqual([]);
  expect(refusal?.path).toBe('App/web');
  expect(refusal?.message).not.toMatch(/deployment|namespace|nonsense/i);
});

test('while the cluster cannot be asked, it throws', async () => {
  const nobody = KubeClient.inCluster('127.0.0.1', '1');
  await expect(rehearse('any', compiled('any'), nobody)).rejects.toThrow(KubeError);
});
