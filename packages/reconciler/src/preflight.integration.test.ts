import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KubeClient } from '@brainpod/kube/client';
import { isRecord } from '@brainpod/kube/kube-object';
import { ApiServer, installGatewayApi } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { preflight } from './preflight.ts';

const GATEWAY_CLASS = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' };

let cluster: ApiServer;
let dir: string;
let kube: KubeClient;

beforeAll(async () => {
  cluster = await ApiServer.start(testEngineBinDir());
  dir = await mkdtemp(join(tmpdir(), 'brainpod-preflight-'));
  kube = await KubeClient.fromKubeconfig(cluster.kubeconfig);
});

afterAll(async () => {
  kube?.close();
  await cluster?.remove();
  await rm(dir, { recursive: true, force: true });
});

/** The administrator's kubeconfig with something changed of the user or the cluster. */
async function clientWith(changes: { user?: object; cluster?: object }): Promise<KubeClient> {
  const config: unknown = JSON.parse(await readFile(cluster.kubeconfig, 'utf8'));
  if (!isRecord(config) || !Array.isArray(config.users) || !Array.isArray(config.clusters))
    throw new Error('no kubeconfig');
  Object.assign(config.users[0].user, changes.user);
  const caFile = join(dirname(cluster.kubeconfig), 'pki/apiserver.crt');
  Object.assign(config.clusters[0].cluster, { 'certificate-authority': caFile }, changes.cluster);
  const path = join(dir, `kubeconfig-${Math.random()}`);
  await writeFile(path, JSON.stringify(config));
  return KubeClient.fromKubeconfig(path);
}

async function findings(client: KubeClient, gatewayClass = 'brainpod'): Promise<string[]> {
  const found = await preflight(client, { gatewayClass });
  return found.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

// In this order: the cluster gets better from one to the next.
test('names what a bare cluster lacks, all at once', async () => {
  expect(await findings(kube)).toEqual([
    expect.stringMatching(/^error gateway: The cluster has no Gateway API/),
    expect.stringMatching(/^warning storage: The cluster has no StorageClass/),
  ]);
});

test('names the classes that there are when the one that is wanted is not among them', async () => {
  await installGatewayApi(kube, testEngineBinDir());
  expect(await findings(kube)).toContainEqual(
    expect.stringMatching(/no GatewayClass "brainpod"\. There is none\./),
  );
  for (const name of ['nginx', 'cilium']) {
    await kube.apply({
      ...GATEWAY_CLASS,
      metadata: { name },
      spec: { controllerName: `example.com/${name}` },
    });
  }
  expect(await findings(kube)).toContainEqual(expect.stringMatching(/There are: cilium, nginx\./));
  expect(await findings(kube, 'nginx')).toContainEqual(
    expect.stringMatching(/nothing acts for it \(controller example\.com\/nginx\)/),
  );
});

test('finds nothing where nothing is wrong', async () => {
  const nginx = { ...GATEWAY_CLASS, metadata: { name: 'nginx' } };
  const accepted = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  await kube.patch(nginx, { status: { conditions: [accepted] } }, 'merge', 'status');
  await kube.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'example.com/fast',
  });
  expect(await findings(kube, 'nginx')).toEqual([]);
});

test('names the permissions that are missing, and only those', async () => {
  await kube.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'almost' },
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
      {
        apiGroups: [
          '',
          'policy',
          'networking.k8s.io',
          'gateway.networking.k8s.io',
          'admissionregistration.k8s.io',
        ],
        resources: ['*'],
        verbs: ['delete'],
      },
    ],
  });
  await kube.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'almost' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'almost' },
    subjects: [{ kind: 'User', name: 'limited', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  const limited = await clientWith({ user: { as: 'limited' } });
  expect(await findings(limited, 'nginx')).toEqual([
    'error permissions: The account of this kubeconfig may not, in all namespaces: delete deployments.apps. Give it a ClusterRole with these rules, or use another account.',
  ]);
  limited.close();
});

test('only warns where it may not look for storage', async () => {
  const metadata = { name: 'no-storage' };
  const everythingElse = [
    '',
    'apps',
    'policy',
    'networking.k8s.io',
    'gateway.networking.k8s.io',
    'admissionregistration.k8s.io',
  ];
  await kube.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata,
    rules: [{ apiGroups: everythingElse, resources: ['*'], verbs: ['*'] }],
  });
  await kube.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'User', name: 'no-storage', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  const client = await clientWith({ user: { as: 'no-storage' } });
  expect(await findings(client, 'nginx')).toEqual([
    expect.stringMatching(/^warning storage: This kubeconfig may not see StorageClasses/),
  ]);
  client.close();
});

test('says when the credentials are refused or nobody answers', async () => {
  const stranger = await clientWith({ user: { token: 'wrong' } });
  expect(await findings(stranger)).toEqual([
    expect.stringMatching(/^error cluster: The cluster does not accept the credentials/),
  ]);
  const nowhere = await clientWith({ cluster: { server: 'https://127.0.0.1:9' } });
  expect(await findings(nowhere)).toEqual([
    expect.stringMatching(/^error cluster: The cluster cannot be reached/),
  ]);
});
