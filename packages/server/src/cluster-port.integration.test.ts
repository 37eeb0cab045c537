import { buildServer } from '@brainpod/api/server';
import { StandInImages } from '@brainpod/api/testing/stand-in-images';
import { StandInKeeper } from '@brainpod/api/testing/stand-in-keeper';
import type { Platform } from '@brainpod/compiler/compile';
import { resourceLabels } from '@brainpod/compiler/labels';
import { namespaceName } from '@brainpod/compiler/names';
import { KubeClient } from '@brainpod/kube/client';
import { kubeconfigCredentials } from '@brainpod/kube/credentials';
import { HttpsTransport } from '@brainpod/kube/transport';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { FULL_POLICY } from '@brainpod/model/policy';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { StandInKubelet } from '@brainpod/testkit/stand-in-kubelet';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { openTestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterPort } from './cluster-port.ts';

const DOMAIN = 'example.test';
const PLATFORM: Platform = {
  domain: DOMAIN,
  registryHost: 'registry.example.test',
  gateway: { namespace: 'brainpod-system', name: 'brainpod', httpsListener: 'https', httpListener: 'http' },
  gatewayClass: 'brainpod',
  sizes: INSTANCE_SIZES,
  envoyGateway: false,
  certificate: { certPem: 'certificate', keyPem: 'key' },
  drainSeconds: 1,
};

let cluster: ApiServer;
let started: Awaited<ReturnType<typeof start>>;

async function start() {
  const { store, accountId, userId, clusterId } = await openTestStore();
  const actor = TEST_ACTOR;
  const key = await store.apiKeys.create({ userId, name: 'test', policy: FULL_POLICY, actor });
  const pod = await store.pods.create({ accountId, ownerId: userId, clusterId, displayName: null, actor });
  const kube = new KubeClient(new HttpsTransport(await kubeconfigCredentials(cluster.kubeconfig)));
  const { namespace } = PLATFORM.gateway;
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const port = clusterPort(kube, () => PLATFORM);
  const server = buildServer({
    store,
    domain: DOMAIN,
    registryHost: PLATFORM.registryHost,
    blueprints: [],
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    clusterOf: () => port,
    logger: pino({ level: 'silent' }),
  });
  const get = async (path: string) => {
    const url = `/v1/pods/${pod.name}${path}`;
    const answer = await server.inject({
      method: 'GET',
      url,
      headers: { authorization: `Bearer ${key.secret}` },
    });
    return { status: answer.statusCode, text: answer.payload };
  };
  return { store, server, pod, get, kube };
}

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
  started = await start();
  const documents = [sampleApp(), sampleConfig(), sampleRoute()];
  const rules = { domain: DOMAIN, check: () => [], actor: TEST_ACTOR };
  await started.store.drafts.write(started.pod.id, { type: 'create', documents }, rules);
});
afterAll(async () => {
  await started?.server.close();
  await started?.store.close();
  started?.kube.close();
  await cluster?.remove();
});

test('a plan says that the cluster accepts the draft, and makes nothing there', async () => {
  const { get, kube, pod } = started;
  const { status, text } = await get('/plan');
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    canDeploy: true,
    cluster: { accepted: true, message: null, refusals: [] },
    changes: [{ action: 'create' }, { action: 'create' }, { action: 'create' }],
  });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceName(pod.name) } };
  expect(await kube.get(namespace)).toBeNull();
});

test('the output of an instance is given line by line', async () => {
  const { get, kube, pod } = started;
  const kubelet = await StandInKubelet.start(kube, cluster.kubeconfig, 'node');
  const namespace = namespaceName(pod.name);
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
  await waitFor(async () => (await kube.get(account)) !== null, { timeoutMs: 10_000, what: 'the account' });
  const metadata = { name: 'web-1', namespace, labels: resourceLabels(pod.name, 'App', 'web') };
  const instance = { apiVersion: 'v1', kind: 'Pod', metadata };
  await kube.create({
    ...instance,
    spec: { nodeName: 'node', containers: [{ name: 'app', image: 'nginx' }] },
  });
  const container = { name: 'app', image: 'nginx', imageID: 'x', ready: true, restartCount: 0 };
  const containerStatuses = [{ ...container, containerID: 'containerd://1', state: {} }];
  await kube.patch(instance, { status: { containerStatuses } }, 'merge', 'status');
  kubelet.write(`${namespace}/web-1/app`, '2026-03-01T10:00:00.5Z', 'listening');
  const { status, text } = await get('/resources/App/default/web/logs?follow=false');
  await kubelet.stop();
  expect(status).toBe(200);
  expect(text).toContain(
    'event: line\ndata: {"instance":"web-1","timestamp":"2026-03-01T10:00:00.500Z","body":"listening"}\n\n',
  );
  expect(text.trimEnd().endsWith('event: end\ndata: {}')).toBe(true);
});

test('while the cluster is away a plan says so, and output is not to be had', async () => {
  const { get } = started;
  await cluster.down();
  const { status, text } = await get('/plan');
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ canDeploy: true, cluster: { accepted: null, refusals: [] } });
  expect(JSON.parse(text).cluster.message).toContain('cannot be reached');
  expect((await get('/resources/App/default/web/logs')).status).toBe(503);
});
