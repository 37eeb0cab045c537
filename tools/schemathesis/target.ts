import path from 'node:path';
import { KubeClient } from '@brainpod/kube/client';
import { ACTIONS, FULL_POLICY } from '@brainpod/model/policy';
import { StandInNode } from '@brainpod/reconciler/test/stand-in-node';
import { startDistribution } from '@brainpod/registry/testing/distribution';
import { Pusher } from '@brainpod/registry/testing/pushed';
import { platformActor } from '@brainpod/store/audit';
import { openStore } from '@brainpod/store/store';
import { startGatewayCluster } from '@brainpod/testkit/apiserver';
import { PostgresServer } from '@brainpod/testkit/postgres';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import { ServerProcess, temporaryDataDir } from '../../packages/server/test/server-process.ts';

/** A whole server that may be sent anything, and where in it requests find what they need. */
export type Target = {
  origin: string;
  /** A key of the operator, which may do everything. */
  apiKey: string;
  /** Pods by what they are for. */
  pods: { live: string; doomed: string; stopping: string };
  /** A key that may do everything with the pods that may go, and nothing with the others. */
  limitedKey: string;
  /** A key of another account, whose keys may all go. */
  otherKey: string;
  /** What is there, by the parameter that may name it. */
  known: Record<string, string[]>;
  /** The newest part of the server's log. */
  log: () => string;
  remove: () => Promise<void>;
};

const GATEWAY_CLASS = 'stand-in';
const START_MS = 60_000;

/** Starts PostgreSQL, an API server with stand-in nodes, and a server on both; deploys into some of its pods. */
export async function startTarget(engineBinDir: string): Promise<Target> {
  const undo: (() => Promise<unknown>)[] = [];
  const remove = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    return { ...(await build(engineBinDir, undo)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function build(
  engineBinDir: string,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<Target, 'remove'>> {
  const postgres = await PostgresServer.create();
  undo.push(() => postgres.remove());
  const cluster = await startGatewayCluster(engineBinDir);
  undo.push(() => cluster.remove());
  const kube = await KubeClient.fromKubeconfig(cluster.kubeconfig);
  undo.push(async () => kube.close());
  await kube.apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: 'brainpod.io/stand-in' },
  });
  const node = new StandInNode(kube, {});
  node.start();
  undo.push(() => node.stop());
  const registry = await startDistribution(path.join(engineBinDir, 'registry'));
  undo.push(() => registry.stop());
  const data = await temporaryDataDir();
  undo.push(data.remove);
  const database = await postgres.createDatabase('target');
  const server = await ServerProcess.start({
    database,
    kubeconfig: cluster.kubeconfig,
    domain: 'apps.example.test',
    gatewayClass: GATEWAY_CLASS,
    dataDir: data.dataDir,
    // What is looked for is not how often one may ask.
    environment: {
      BRAINPOD_RATE_LIMIT_PER_SECOND: '0',
      BRAINPOD_REGISTRY_UPSTREAM: registry.origin,
      BRAINPOD_REGISTRY_STORAGE: registry.storage,
    },
  });
  undo.push(() => server.stop());
  const { apiKey, otherKey } = await firstKeys(database);
  const made = await makePods(server.origin, apiKey);
  const image = { architecture: 'amd64', os: 'linux', config: { User: '1000' } };
  await new Pusher(registry.origin).image(`${made.pods.live}/web`, 'v1', image);
  return { origin: server.origin, apiKey, otherKey, ...made, log: () => server.log };
}

async function firstKeys(
  connection: Parameters<typeof openStore>[0]['connection'],
): Promise<Pick<Target, 'apiKey' | 'otherKey'>> {
  const store = openStore({ connection });
  try {
    await store.migrate();
    await waitFor(async () => (await store.clusters.list()).length > 0, {
      timeoutMs: START_MS,
      what: 'the server to have registered its cluster',
    });
    const first = await store.accounts.createFirst({ email: 'operator@example.com' });
    if (first === null) throw new Error('there is an account already');
    const { userId } = await store.accounts.create('other@example.com');
    const actor = platformActor('schemathesis');
    const other = await store.apiKeys.create({ userId, name: 'other', policy: FULL_POLICY, actor });
    return { apiKey: first.secret, otherKey: other.secret };
  } finally {
    await store.close();
  }
}

/** One with something that runs and a draft beside it; the others for what would take that away. */
async function makePods(
  origin: string,
  apiKey: string,
): Promise<Pick<Target, 'pods' | 'known' | 'limitedKey'>> {
  const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    // A parse boundary: every answer of the API is an object.
    return (await response.json()) as Record<string, unknown>;
  };
  const makePod = async () => String((await call('POST', '/v1/pods', {})).name);
  const live = await makePod();
  await call('POST', `/v1/pods/${live}/resources`, [
    sampleApp('web'),
    sampleConfig('web'),
    sampleRoute('web'),
  ]);
  const deployed = await call('POST', `/v1/pods/${live}/deploy?watch=20`, {});
  if (deployed.state !== 'deployed') throw new Error(`the deploy came to this: ${JSON.stringify(deployed)}`);
  const draft = await call('POST', `/v1/pods/${live}/resources`, [sampleConfig('more')]);
  const pods = { live, doomed: await makePod(), stopping: await makePod() };
  const mayGo = [`urn:brain:pod:${pods.doomed}`, `urn:brain:pod:${pods.stopping}`];
  const statement = { sid: 'what-may-go', effect: 'allow', actions: [...ACTIONS], resources: mayGo };
  const policy = { version: '1', statements: [statement] };
  const limited = await call('POST', '/v1/keys', { name: 'limited', policy });
  return {
    pods,
    limitedKey: String(limited.secret),
    known: {
      revision: [String(deployed.revisionId), String(draft.revisionId)],
      kind: ['App', 'Config', 'Route'],
      name: ['web', 'more'],
      identifier: ['more', 'urn:brain:app:default:web'],
      blueprint: ['wordpress', 'laravel'],
      size: ['.25x', '1x'],
    },
  };
}
