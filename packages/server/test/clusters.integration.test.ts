import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { namespaceName } from '@brainpod/compiler/names';
import { KubeClient } from '@brainpod/kube/client';
import { StandInNode } from '@brainpod/reconciler/test/stand-in-node';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerProcess } from './server-process.ts';
import { World } from './world.ts';

const GATEWAY_CLASS = 'of-the-other';
const GATEWAY_CLASS_KIND = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' };
const CLUSTERS = '/v1/operator/clusters';

let world: World;
let server: ServerProcess;
let other: ApiServer;
let otherKube: KubeClient;
let otherNode: StandInNode;
let kubeconfig: string;

beforeAll(async () => {
  [world, other] = await Promise.all([World.start(), startGatewayCluster(testEngineBinDir())]);
  otherKube = await KubeClient.fromKubeconfig(other.kubeconfig);
  otherNode = new StandInNode(otherKube, {});
  otherNode.start();
  const gatewayClass = { ...GATEWAY_CLASS_KIND, metadata: { name: GATEWAY_CLASS } };
  await otherKube.apply({ ...gatewayClass, spec: { controllerName: 'brainpod.io/stand-in' } });
  const accepted = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  await otherKube.patch(gatewayClass, { status: { conditions: [accepted] } }, 'merge', 'status');
  kubeconfig = await selfContained(other.kubeconfig);
  server = await world.startServer();
});
afterAll(async () => {
  await world?.close();
  await otherNode?.stop();
  otherKube?.close();
  await other?.remove();
});

/** The kubeconfig with the certificate that it names in it. */
async function selfContained(path: string): Promise<string> {
  const config = JSON.parse(await readFile(path, 'utf8'));
  const { cluster } = config.clusters[0];
  const certificate = await readFile(resolve(dirname(path), cluster['certificate-authority']));
  delete cluster['certificate-authority'];
  cluster['certificate-authority-data'] = certificate.toString('base64');
  return JSON.stringify(config);
}

const registration = () => ({
  name: 'the-other',
  provider: 'hetzner',
  country: 'FI',
  region: 'hel1',
  architectures: ['amd64'],
  kubeconfig,
  gatewayClass: GATEWAY_CLASS,
});

/** A pod in a cluster, with an App that is deployed. */
async function deployedPod(cluster: string | undefined): Promise<{ name: string; id: string }> {
  const made = await world.call(server, 'POST', '/v1/pods', { json: { cluster } });
  expect(made).toMatchObject({ status: 201, body: { name: expect.any(String) } });
  const { name } = made.body as { name: string };
  const [, id] = await podNamed(name);
  await world.create(server, name, [sampleApp('web', { image: 'docker.io/demo/web:1' })]);
  await world.deploy(server, name);
  expect(await world.settled(id), server.log).toEqual(['deployed']);
  return { name, id };
}

async function podNamed(name: string): Promise<[string, string]> {
  for (const id of await world.store.reconciler.listPodIds()) {
    if ((await world.store.reconciler.loadPod(id))?.pod.name === name) return [name, id];
  }
  throw new Error(`there is no pod ${name}`);
}

async function hasNamespace(kube: KubeClient, pod: string): Promise<boolean> {
  const found = await kube.get({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespaceName(pod) },
  });
  return found !== null;
}

describe('clusters', { timeout: 180_000 }, () => {
  test('that cannot be used are refused with what they lack, and nothing of them is kept', async () => {
    const faults = async (change: object) => {
      const answer = await world.call(server, 'POST', CLUSTERS, { json: { ...registration(), ...change } });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_ERROR' } } });
      return (answer.body as { error: { details: { path: string; message: string }[] } }).error.details;
    };
    expect(await faults({ gatewayClass: 'nowhere' })).toEqual([
      { path: 'gatewayClass', message: expect.stringContaining('no GatewayClass "nowhere"') },
    ]);
    const away = kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://127.0.0.1:1');
    expect(await faults({ kubeconfig: away })).toEqual([
      { path: 'kubeconfig', message: expect.stringContaining('cannot be reached') },
    ]);
    const stranger = kubeconfig.replace(/"token":"[0-9a-f]+"/, '"token":"of-nobody"');
    expect(await faults({ kubeconfig: stranger })).toEqual([
      { path: 'kubeconfig', message: expect.stringContaining('does not accept the credentials') },
    ]);
    // Nothing is read from or run on the server's machine.
    const program = kubeconfig.replace(
      /"user":\{"token":"[0-9a-f]+"\}/,
      '"user":{"exec":{"command":"/bin/false"}}',
    );
    expect(program).not.toBe(kubeconfig);
    expect(await faults({ kubeconfig: program })).toEqual([
      { path: 'kubeconfig', message: expect.stringContaining('leads out of itself by exec') },
    ]);
    expect(await faults({ kubeconfig: 'no: kubeconfig', country: 'XX', architectures: [] })).toHaveLength(2);
    expect(await world.store.clusters.list()).toHaveLength(1);
  });

  test('each get the pods that were placed in them, and none holds up another', async () => {
    const registered = await world.call(server, 'POST', CLUSTERS, { json: registration() });
    expect(registered).toMatchObject({ status: 201, body: { name: 'the-other', country: 'FI' } });
    expect(JSON.stringify(registered.body)).not.toContain('certificate-authority');
    const { id } = registered.body as { id: string };
    const [here, there] = [await deployedPod(undefined), await deployedPod(id)];
    expect([await hasNamespace(world.kube, here.name), await hasNamespace(otherKube, here.name)]).toEqual([
      true,
      false,
    ]);
    expect([await hasNamespace(world.kube, there.name), await hasNamespace(otherKube, there.name)]).toEqual([
      false,
      true,
    ]);
    await world.kubeProxy.down();
    await world.replace(server, here.name, sampleApp('web', { image: 'docker.io/demo/web:2' }));
    await world.deploy(server, here.name);
    await world.replace(server, there.name, sampleApp('web', { image: 'docker.io/demo/web:2' }));
    await world.deploy(server, there.name);
    expect(await world.settled(there.id), server.log).toEqual(['deployed', 'deployed']);
    await world.kubeProxy.up();
    expect(await world.settled(here.id), server.log).toEqual(['deployed', 'deployed']);
    expect(await world.imageOf(here.name, 'web')).toBe('docker.io/demo/web:2');
    expect((await world.call(server, 'DELETE', `${CLUSTERS}/${id}`)).status).toBe(412);
  });

  test('whose kubeconfig is changed are reached by the new one', async () => {
    const [, cluster] = await world.store.clusters.list();
    const path = `${CLUSTERS}/${cluster?.id}`;
    const pod = await deployedPod(cluster?.id);
    // Another text for the same cluster: whoever holds the old one has to begin anew.
    const again = JSON.stringify(JSON.parse(kubeconfig), null, 2);
    const changed = await world.call(server, 'PUT', path, { json: { kubeconfig: again, region: 'hel2' } });
    expect(changed).toMatchObject({ status: 200, body: { region: 'hel2', name: 'the-other' } });
    const answers = () => server.log.split('the cluster answers').length;
    await waitFor(() => answers() >= 4, { timeoutMs: 20_000, what: 'the new kubeconfig to be used' });
    await world.replace(server, pod.name, sampleApp('web', { image: 'docker.io/demo/web:3' }));
    await world.deploy(server, pod.name);
    expect(await world.settled(pod.id), server.log).toEqual(['deployed', 'deployed']);
  });
});
