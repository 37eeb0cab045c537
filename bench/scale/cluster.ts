import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeClient } from '@brainpod/kube/client';
import { isRecord } from '@brainpod/kube/kube-object';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { waitFor } from '@brainpod/testkit/wait-for';

export const GATEWAY_CLASS = 'kwok';

const STAGES = path.join(import.meta.dirname, 'stages.yaml');
const NODE_CAPACITY = { cpu: '32', memory: '64Gi', 'ephemeral-storage': '200Gi', pods: '110' };
const JOIN_TIMEOUT_MS = 60_000;

/** A Kubernetes control plane as the engine runs it, with nodes that KWOK plays. */
export class ScaleCluster {
  readonly kubeconfig: string;
  readonly kube: KubeClient;
  readonly #server: ApiServer;
  readonly #kwok: ChildProcess;
  readonly #logDir: string;

  private constructor(parts: { server: ApiServer; kube: KubeClient; kwok: ChildProcess; logDir: string }) {
    this.kubeconfig = parts.server.kubeconfig;
    this.kube = parts.kube;
    this.#server = parts.server;
    this.#kwok = parts.kwok;
    this.#logDir = parts.logDir;
  }

  /** Starts one with room for so many apps, each twice for its rollout. */
  static async start(options: { engineBinDir: string; kwok: string; apps: number }): Promise<ScaleCluster> {
    const server = await startGatewayCluster(options.engineBinDir, 'engine');
    const logDir = await mkdtemp(path.join(tmpdir(), 'brainpod-kwok-'));
    const kube = await KubeClient.fromKubeconfig(server.kubeconfig);
    await makeGatewayClass(kube);
    const nodes = Math.ceil((2 * options.apps) / Number(NODE_CAPACITY.pods));
    for (let index = 0; index < nodes; index++) await makeNode(kube, `node-${index}`);
    const kwok = await startKwok(options.kwok, server.kubeconfig, logDir);
    const cluster = new ScaleCluster({ server, kube, kwok, logDir });
    await waitFor(() => cluster.#allNodesReady(nodes), {
      timeoutMs: JOIN_TIMEOUT_MS,
      what: `${nodes} nodes to be ready; KWOK's log is in ${logDir}`,
      everyMs: 200,
    });
    return cluster;
  }

  /** The processes of Kubernetes itself; KWOK is none of them. */
  get pids(): number[] {
    return this.#server.pids;
  }

  async remove(): Promise<void> {
    this.kube.close();
    const ended = once(this.#kwok, 'exit');
    if (this.#kwok.exitCode === null && this.#kwok.kill('SIGKILL')) await ended;
    await this.#server.remove();
    await rm(this.#logDir, { recursive: true, force: true });
  }

  async #allNodesReady(count: number): Promise<boolean> {
    if (this.#kwok.exitCode !== null) throw new Error(`KWOK ended; its log is in ${this.#logDir}`);
    const { items } = await this.kube.list({ apiVersion: 'v1', kind: 'Node' });
    const ready = items.filter(({ status }) => {
      const conditions = isRecord(status) && Array.isArray(status.conditions) ? status.conditions : [];
      return conditions.some((one) => isRecord(one) && one.type === 'Ready' && one.status === 'True');
    });
    return ready.length === count;
  }
}

async function makeGatewayClass(kube: KubeClient): Promise<void> {
  await kube.apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: 'kwok.x-k8s.io/gateway' },
  });
}

async function makeNode(kube: KubeClient, name: string): Promise<void> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  await kube.apply(node);
  await kube.patch(
    node,
    { status: { capacity: NODE_CAPACITY, allocatable: NODE_CAPACITY } },
    'merge',
    'status',
  );
}

async function startKwok(binary: string, kubeconfig: string, logDir: string): Promise<ChildProcess> {
  const log = await open(path.join(logDir, 'kwok.log'), 'a');
  const args = ['--kubeconfig', kubeconfig, '--config', STAGES, '--manage-all-nodes'];
  const child = spawn(binary, [...args, '--node-lease-duration-seconds', '40', '--node-ip', '127.0.0.1'], {
    stdio: ['ignore', log.fd, log.fd],
  });
  await once(child, 'spawn');
  await log.close();
  const killWithUs = (): boolean => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.removeListener('exit', killWithUs));
  return child;
}
