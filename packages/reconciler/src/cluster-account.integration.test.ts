import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILDS_LABEL } from '@brainpod/compiler/labels';
import { KubeClient } from '@brainpod/kube/client';
import { kubeconfigCredentials } from '@brainpod/kube/credentials';
import { KubeError } from '@brainpod/kube/kube-error';
import { isRecord, type KubeObject, parseKubeObject } from '@brainpod/kube/kube-object';
import {
  HttpsTransport,
  type KubeRequest,
  type Transport,
  type TunnelRequest,
} from '@brainpod/kube/transport';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { impersonatingKubeconfig } from '@brainpod/testkit/impersonating-kubeconfig';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { app, config, route } from '../test/documents.ts';
import { startHarness, waitForState } from '../test/harness.ts';
import { crashing } from '../test/stand-in-node.ts';
import { NEEDED_PERMISSIONS, preflight } from './preflight.ts';

const MANIFEST = join(import.meta.dirname, '../../../deploy/cluster-account.yaml');
const ACCOUNT = 'system:serviceaccount:brainpod-account:brainpod-server';

/** What the preflight looks at beyond what it asks for: a lack of it is no fault. */
const FOR_PREFLIGHT = [
  'gateway.networking.k8s.io/gatewayclasses get',
  'gateway.networking.k8s.io/gatewayclasses list',
  'storage.k8s.io/storageclasses list',
];

let cluster: ApiServer;
let accountKubeconfig: string;

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
  accountKubeconfig = await impersonatingKubeconfig(cluster.kubeconfig, ACCOUNT);
  const kube = await KubeClient.fromKubeconfig(cluster.kubeconfig);
  for (const object of await manifest()) await kube.apply(object);
  kube.close();
});

afterAll(() => cluster?.remove());

async function manifest(): Promise<KubeObject[]> {
  const text = await readFile(MANIFEST, 'utf8');
  return parseAllDocuments(text).map((document) => parseKubeObject(document.toJS()));
}

/** Every right that the manifest gives, as `<group>/<resource> <verb>`. */
async function granted(): Promise<string[]> {
  const role = (await manifest()).find(({ kind }) => kind === 'ClusterRole');
  const rules = Array.isArray(role?.rules) ? role.rules.filter(isRecord) : [];
  const texts = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);
  return rules.flatMap((rule) =>
    texts(rule.apiGroups).flatMap((group) =>
      texts(rule.resources).flatMap((resource) =>
        texts(rule.verbs).map((verb) => `${group}/${resource} ${verb}`),
      ),
    ),
  );
}

function needed(): string[] {
  return NEEDED_PERMISSIONS.map(({ kind, verb, subresource }) => {
    const group = kind.apiVersion.includes('/') ? kind.apiVersion.split('/')[0] : '';
    const plural = `${kind.kind.toLowerCase().replace(/cy$/, 'cie')}s`;
    return `${group}/${plural}${subresource === undefined ? '' : `/${subresource}`} ${verb}`;
  });
}

/** Passes calls on, and keeps those that the cluster forbade. */
class Watchful implements Transport {
  readonly forbidden: string[] = [];
  calls = 0;
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  send(request: KubeRequest): Promise<string> {
    return this.#watched(request, this.#inner.send(request));
  }

  stream(request: KubeRequest): Promise<AsyncIterable<Buffer>> {
    return this.#watched(request, this.#inner.stream(request));
  }

  tunnel(request: TunnelRequest): ReturnType<Transport['tunnel']> {
    return this.#inner.tunnel(request);
  }

  close(): void {
    this.#inner.close();
  }

  async #watched<T>(request: KubeRequest, answer: Promise<T>): Promise<T> {
    this.calls++;
    try {
      return await answer;
    } catch (error) {
      // A policy's refusal has the same status, but another reason in words.
      if (error instanceof KubeError && error.status === 403 && error.message.includes('cannot'))
        this.forbidden.push(`${request.method} ${request.path}`);
      throw error;
    }
  }
}

async function accountTransport(): Promise<HttpsTransport> {
  return new HttpsTransport(await kubeconfigCredentials(accountKubeconfig));
}

test('the manifest gives what is needed, and nothing else', async () => {
  expect((await granted()).toSorted()).toEqual([...needed(), ...FOR_PREFLIGHT].toSorted());
});

test('with it the preflight misses no permission', async () => {
  const kube = new KubeClient(await accountTransport());
  const findings = await preflight(kube, { gatewayClass: 'brainpod' });
  kube.close();
  expect(findings.map(({ path }) => path)).toEqual(['gateway', 'storage']);
  expect(findings[1]?.message).toContain('has no StorageClass');
});

test('with it a pod lives its whole life, and no call is forbidden', async () => {
  const watchful = new Watchful(await accountTransport());
  const harness = await startHarness({
    kubeconfig: cluster.kubeconfig,
    behaviours: { 'docker.io/demo/crashing:1': crashing(2) },
    wrap: () => watchful,
  });
  try {
    const name = `account-${process.pid}`;
    const podId = harness.store.addPod(name);
    const first = [app('web', { replicas: 2 }), route('web', 'web', 8080), config('settings', { a: 'a' })];
    await waitForState(harness, harness.store.deploy(podId, first), 'deployed');
    const failing = harness.store.deploy(podId, [app('web', { image: 'docker.io/demo/crashing:1' })]);
    await waitForState(harness, failing, 'failed', 30_000);
    // What is no longer named is deleted.
    await waitForState(harness, harness.store.deploy(podId, [app('web')]), 'deployed', 30_000);
    harness.store.change(podId, { eraseAfter: new Date() });
    harness.store.touch(podId);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `bp-${name}` } };
    await waitFor(
      async () => {
        const found = await harness.kube.get(namespace);
        return found === null || found.metadata.deletionTimestamp !== undefined;
      },
      { timeoutMs: 30_000, what: 'the namespace to be deleted' },
    );
    expect(watchful.calls).toBeGreaterThan(50);
    expect(watchful.forbidden).toEqual([]);
  } finally {
    await harness.stop();
  }
});

test('with it ports are reached where images are built, and nowhere else', async () => {
  const admin = await KubeClient.fromKubeconfig(cluster.kubeconfig);
  const kube = new KubeClient(await accountTransport());
  onTestFinished(() => {
    kube.close();
    admin.close();
  });
  const place = (name: string, labels: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  });
  const instance = (namespace: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'some', namespace },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
      containers: [
        {
          ...{ name: 'some', image: 'docker.io/demo/some:1' },
          securityContext: { capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
  const [apps, builds] = [`bp-ports-${process.pid}`, `bpb-ports-${process.pid}`];
  await admin.apply(place(apps, {}));
  await admin.apply(place(builds, { [BUILDS_LABEL]: 'true' }));
  for (const namespace of [apps, builds]) await admin.apply(instance(namespace));
  const reach = async (by: KubeClient, namespace: string): Promise<string> => {
    const reached = by.connectPort({ namespace, pod: 'some', port: 8080 });
    return await reached.then(
      () => 'reached',
      (error: Error) => error.message,
    );
  };
  const refusal = 'the account of Brainpod reaches the ports of builders only';
  // A policy holds a moment after it was made.
  await waitFor(async () => (await reach(kube, apps)).includes(refusal), {
    timeoutMs: 30_000,
    what: 'the port of an app to be out of reach',
  });
  // These are let through, and on no node.
  for (const [by, namespace] of [
    [kube, builds],
    [admin, apps],
  ] as const) {
    const said = await reach(by, namespace);
    expect(said).not.toContain(refusal);
    expect(said).toContain('not have a host assigned');
  }
});

test.each([
  ['run a program in an instance', 'POST', '/api/v1/namespaces/default/pods/any/exec'],
  ['attach to an instance', 'POST', '/api/v1/namespaces/default/pods/any/attach'],
  ['reach an instance’s ports', 'POST', '/api/v1/namespaces/default/pods/any/portforward'],
  ['make an instance past the policies’ templates', 'POST', '/api/v1/namespaces/default/pods'],
  ['read nodes', 'GET', '/api/v1/nodes'],
  ['reach a node’s kubelet', 'GET', '/api/v1/nodes/any/proxy/pods'],
  ['make a token', 'POST', '/api/v1/namespaces/default/serviceaccounts/default/token'],
  ['make a role', 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
  ['give itself a role', 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'],
  ['make a workload of another kind', 'POST', '/apis/apps/v1/namespaces/default/daemonsets'],
  ['make a job', 'POST', '/apis/batch/v1/namespaces/default/jobs'],
  [
    'put a program between everybody and the API',
    'POST',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  ],
  ['make new kinds', 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'],
  ['make a volume of a node’s files', 'POST', '/api/v1/persistentvolumes'],
  ['approve a certificate', 'GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests'],
] as const)('it may not %s', async (_what, method, path) => {
  const transport = await accountTransport();
  const call = transport.send({ method, path, ...(method === 'POST' ? { body: '{}' } : {}) });
  await expect(call).rejects.toMatchObject({ status: 403 });
  transport.close();
});
