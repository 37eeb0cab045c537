import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { namespaceName } from '@brainpod/compiler/names';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GATEWAY_CLASS, GatewayCluster } from './gateway-cluster.ts';
import { KubeProxy } from './kube-proxy.ts';
import type { ServerProcess } from './server-process.ts';
import { type Answer, World } from './world.ts';

const CLUSTERS = '/v1/operator/clusters';
// What is deployed while a cluster is away is to wait for it, however slow the machine is.
const PATIENT = { BRAINPOD_DEPLOY_TIMEOUT_SECONDS: '300' };
// Stands in the kubeconfig; the proxy replaces it, so that it gives access to nothing.
const TOKEN = 'a-token-that-nobody-may-see';

let world: World;
let other: GatewayCluster;
let server: ServerProcess;
const servers: ServerProcess[] = [];
/** Everything that was answered. */
const answers: Answer[] = [];
let clusterId = '';
let pod = { name: '', id: '' };

beforeAll(async () => {
  [world, other] = await Promise.all([World.start(), GatewayCluster.start()]);
  await startServer();
});
afterAll(async () => {
  await world?.close();
  await other?.remove();
});

async function startServer(): Promise<void> {
  server = await world.startServer(PATIENT);
  servers.push(server);
}

function kubeconfigOf(address: string, user: Record<string, unknown> = { token: TOKEN }): string {
  return JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [{ name: 'x', cluster: { server: address } }],
    users: [{ name: 'x', user }],
  });
}

async function call(method: string, path: string, json?: unknown): Promise<Answer> {
  const answer = await world.call(server, method, path, { json });
  answers.push(answer);
  return answer;
}

function register(kubeconfig: string): Promise<Answer> {
  const facts = { name: 'other', country: 'FI', architectures: ['arm64'], gatewayClass: GATEWAY_CLASS };
  return call('POST', CLUSTERS, { ...facts, kubeconfig });
}

/** Deploys an App of this image to the pod; returns the states of its revisions. */
async function deployImage(tag: number): Promise<string[]> {
  const app = sampleApp('web', { image: `docker.io/demo/web:${tag}` });
  if (tag === 1) await world.create(server, pod.name, [app]);
  else await world.replace(server, pod.name, app);
  await world.deploy(server, pod.name);
  return world.settled(pod.id);
}

function namespaces(cluster: GatewayCluster): Promise<string[]> {
  return cluster.kube
    .list({ apiVersion: 'v1', kind: 'Namespace' })
    .then(({ items }) => items.map(({ metadata }) => metadata.name));
}

describe('a cluster that is registered while the server runs', { timeout: 120_000 }, () => {
  test('must have a kubeconfig that leads to a Kubernetes API', async () => {
    const page = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((done) => page.listen(0, '127.0.0.1', done));
    const { port } = page.address() as AddressInfo;
    const wrong: Record<string, string> = {
      'is not valid YAML': `{"token": ${TOKEN}`,
      'no Kubernetes API': kubeconfigOf(`http://127.0.0.1:${port}`),
      'cannot be reached': kubeconfigOf('http://127.0.0.1:1'),
      'is no URL': kubeconfigOf(`file:///${TOKEN}`),
      'holds no private key': kubeconfigOf('https://127.0.0.1:1', { 'client-key-data': btoa(TOKEN) }),
      'leads out of itself by tokenFile': kubeconfigOf('https://127.0.0.1:1', { tokenFile: '/etc/shadow' }),
      'Check the address in the kubeconfig': kubeconfigOf('http://127.0.0.1:1', { token: `a\n${TOKEN}` }),
    };
    for (const [what, kubeconfig] of Object.entries(wrong)) {
      expect(await register(kubeconfig), what).toMatchObject({
        status: 400,
        body: {
          error: {
            code: 'VALIDATION_ERROR',
            details: [{ path: 'kubeconfig', message: expect.stringContaining(what) }],
          },
        },
      });
    }
    page.close();
    expect(await world.store.clusters.list()).toHaveLength(1);
  });

  test('gets its pods, and nobody else does', async () => {
    const { status, body } = await register(kubeconfigOf(`${other.proxy.origin}/`));
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { country: 'FI', warnings: [{ path: 'kubeconfig', message: expect.stringContaining('Disks') }] },
    });
    clusterId = (body as { id: string }).id;
    pod = await world.newPod(server, { cluster: clusterId });
    expect(await deployImage(1), server.log).toEqual(['deployed']);
    expect(await other.imageOf(pod.name, 'web')).toBe('docker.io/demo/web:1');
    expect(await namespaces(world.cluster)).not.toContain(namespaceName(pod.name));
  });

  test('rehearses the plans of its pods', async () => {
    await world.replace(server, pod.name, sampleApp('web', { image: 'docker.io/demo/web:2' }));
    // The server's own cluster has no part in it.
    await world.kubeProxy.down();
    const plan = await call('GET', `/v1/pods/${pod.name}/plan`);
    await world.kubeProxy.up();
    expect(plan).toMatchObject({ status: 200, body: { cluster: { accepted: true } } });
  });

  test('is worked on by a server that starts later, from what was sealed', async () => {
    server.kill();
    await server.answering();
    expect(await deployImage(2), server.log).toEqual(['deployed', 'deployed']);
  });

  test('is reached by its new kubeconfig from then on', async () => {
    const elsewhere = await KubeProxy.start(other.directKubeconfig);
    try {
      const kubeconfig = kubeconfigOf(elsewhere.origin, { username: 'x', password: TOKEN });
      const update = await call('PUT', `${CLUSTERS}/${clusterId}`, { kubeconfig });
      expect(update).toMatchObject({ status: 200, body: { name: 'other', gatewayClass: GATEWAY_CLASS } });
      await other.proxy.down();
      expect(await deployImage(3), server.log).toEqual(['deployed', 'deployed', 'deployed']);
      await other.proxy.up();
      const back = kubeconfigOf(other.proxy.origin);
      expect((await call('PUT', `${CLUSTERS}/${clusterId}`, { kubeconfig: back })).status).toBe(200);
    } finally {
      await elsewhere.remove();
    }
    expect(await deployImage(4), server.log).toEqual(['deployed', 'deployed', 'deployed', 'deployed']);
  });

  test('can fall silent without holding up another cluster, or the end of the server', async () => {
    const here = await world.newPod(server);
    await world.create(server, here.name, [sampleApp('web')]);
    other.proxy.fallSilent();
    await world.replace(server, pod.name, sampleApp('web', { image: 'docker.io/demo/web:5' }));
    await world.deploy(server, pod.name);
    await world.deploy(server, here.name);
    expect(await world.settled(here.id), server.log).toEqual(['deployed']);
    expect((await call('GET', `/v1/pods/${here.name}/plan`)).status).toBe(200);
    expect(await server.end(), server.log).toBe(0);
    // One that starts meanwhile has never heard the cluster, and ends all the same.
    await startServer();
    await world.replace(server, here.name, sampleApp('web', { image: 'docker.io/demo/web:2' }));
    await world.deploy(server, here.name);
    expect(await world.settled(here.id), server.log).toEqual(['deployed', 'deployed']);
    expect(await server.end(), server.log).toBe(0);
    other.proxy.isSilent = false;
    await startServer();
    expect((await world.settled(pod.id)).at(-1), server.log).toBe('deployed');
  });

  test('keeps its kubeconfig to itself', async () => {
    for (const path of [CLUSTERS, '/v1/clusters', '/v1/audit'])
      expect((await call('GET', path)).status).toBe(200);
    expect(answers.length).toBeGreaterThan(10);
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain(TOKEN);
    for (const { log } of servers) {
      expect(log).toContain('the database is ready');
      expect(log).not.toContain(TOKEN);
    }
    for (const table of ['cluster', 'audit_entry', 'idempotent_answer']) {
      const rows = await queryDatabase(world.databaseAddress, `select t::text from ${table} t`);
      expect(rows.length + Number(table === 'idempotent_answer'), table).toBeGreaterThan(0);
      expect(JSON.stringify(rows), table).not.toContain(TOKEN);
    }
    const [sealed] = await queryDatabase(
      world.databaseAddress,
      `select position('${TOKEN}'::bytea in kubeconfig_sealed) as at, length(kubeconfig_sealed) as bytes
        from cluster where id = '${clusterId}'`,
    );
    expect(sealed).toEqual({ at: 0, bytes: expect.any(Number) });
  });

  test('is forgotten when no pod is in it', async () => {
    expect(await call('DELETE', `${CLUSTERS}/${clusterId}`)).toMatchObject({ status: 412 });
    const spare = await call('POST', CLUSTERS, {
      name: 'spare',
      architectures: ['amd64'],
      gatewayClass: GATEWAY_CLASS,
      kubeconfig: kubeconfigOf(other.proxy.origin),
    });
    const { id } = spare.body as { id: string };
    expect(await call('DELETE', `${CLUSTERS}/${id}`)).toMatchObject({ status: 200, body: { name: 'spare' } });
    expect((await world.store.clusters.list()).map(({ name }) => name)).toEqual(['default', 'other']);
  });
});
