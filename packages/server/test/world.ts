import type { KubeClient } from '@brainpod/kube/client';
import type { ResourceInput } from '@brainpod/model/document';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { Behaviour } from '@brainpod/reconciler/test/stand-in-node';
import { openStore, type Store } from '@brainpod/store/store';
import type { DatabaseAddress } from '@brainpod/testkit/postgres';
import { createTestDatabase } from '@brainpod/testkit/test-database';
import { waitFor } from '@brainpod/testkit/wait-for';
import { GATEWAY_CLASS, GatewayCluster } from './gateway-cluster.ts';
import type { KubeProxy } from './kube-proxy.ts';
import { PostgresProxy } from './postgres-proxy.ts';
import { type ServerOptions, ServerProcess, temporaryDataDir } from './server-process.ts';

const DOMAIN = 'apps.example.test';
const END_TIMEOUT_MS = 60_000;

export type Answer = { status: number; headers: Headers; body: unknown };

/**
 * A real database, a real API server with stand-in nodes, and servers that reach both through proxies which tests can
 * listen at and cut. What tests look at they read past the proxies.
 */
export class World {
  readonly store: Store;
  readonly cluster: GatewayCluster;
  readonly postgresProxy: PostgresProxy;
  /** Past the proxy. */
  readonly databaseAddress: DatabaseAddress;
  readonly #servers: ServerProcess[] = [];
  readonly #options: ServerOptions;
  readonly #removeData: () => Promise<void>;
  #key = '';

  private constructor(parts: {
    store: Store;
    postgresProxy: PostgresProxy;
    cluster: GatewayCluster;
    data: Awaited<ReturnType<typeof temporaryDataDir>>;
    databaseAddress: DatabaseAddress;
  }) {
    this.databaseAddress = parts.databaseAddress;
    this.store = parts.store;
    this.postgresProxy = parts.postgresProxy;
    this.cluster = parts.cluster;
    this.#removeData = parts.data.remove;
    this.#options = {
      database: parts.postgresProxy.address,
      kubeconfig: parts.cluster.proxy.kubeconfig,
      domain: DOMAIN,
      gatewayClass: GATEWAY_CLASS,
      dataDir: parts.data.dataDir,
    };
  }

  static async start(behaviours: Record<string, Behaviour> = {}): Promise<World> {
    const [cluster, database, data] = await Promise.all([
      GatewayCluster.start(behaviours),
      createTestDatabase(),
      temporaryDataDir(),
    ]);
    const postgresProxy = await PostgresProxy.start(database);
    const store = openStore({ connection: database });
    return new World({ store, postgresProxy, cluster, data, databaseAddress: database });
  }

  /** Past the proxy. */
  get kube(): KubeClient {
    return this.cluster.kube;
  }

  get kubeProxy(): KubeProxy {
    return this.cluster.proxy;
  }

  /** Starts one more server; the first makes the account whose key `call` uses. */
  async startServer(environment: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await ServerProcess.start({ ...this.#options, environment });
    this.#servers.push(server);
    if (this.#key === '') {
      await waitFor(async () => (await this.store.clusters.list()).length > 0, {
        timeoutMs: END_TIMEOUT_MS,
        what: 'the server to have registered its cluster',
      });
      const first = await this.store.accounts.createFirst({ email: 'ada@example.com' });
      if (first === null) throw new Error('there is an account already');
      this.#key = first.secret;
    }
    return server;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.store.close();
    await Promise.all([this.postgresProxy.remove(), this.#removeData()]);
    await this.cluster.remove();
  }

  /** Calls the API of one server. Rejects when the server ends meanwhile, or does not answer in time. */
  async call(
    server: ServerProcess,
    method: string,
    path: string,
    options: { json?: unknown; headers?: Record<string, string>; timeoutMs?: number } = {},
  ): Promise<Answer> {
    const response = await fetch(`${server.origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
      signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  /** Makes a pod; returns its name and id. */
  async newPod(
    server: ServerProcess,
    input: { cluster?: string } = {},
  ): Promise<{ name: string; id: string }> {
    const { body } = await this.#succeed(server, 'POST', '/v1/pods', input);
    const { name } = body as { name: string };
    const ids = await this.store.reconciler.listPodIds();
    for (const id of ids) {
      const state = await this.store.reconciler.loadPod(id);
      if (state?.pod.name === name) return { name, id };
    }
    throw new Error(`pod ${name} is not in the database`);
  }

  async create(server: ServerProcess, pod: string, documents: ResourceInput[]): Promise<void> {
    await this.#succeed(server, 'POST', `/v1/pods/${pod}/resources`, documents);
  }

  async replace(server: ServerProcess, pod: string, document: ResourceInput): Promise<void> {
    const { kind, metadata } = document;
    await this.#succeed(
      server,
      'PUT',
      `/v1/pods/${pod}/resources/${kind}/default/${metadata.name}`,
      document,
    );
  }

  async deploy(server: ServerProcess, pod: string): Promise<string> {
    const { body } = await this.#succeed(server, 'POST', `/v1/pods/${pod}/deploy`);
    return (body as { revisionId: string }).revisionId;
  }

  /** Waits until nothing of the pod is on its way any more; returns its revisions' states, oldest first. */
  async settled(podId: string): Promise<RevisionState[]> {
    return waitFor(
      async () => {
        const page = await this.store.revisions.list(podId, { limit: 50 });
        const states = (page?.items ?? []).map(({ state }) => state);
        return states.some((state) => state === 'pending' || state === 'ready') ? false : states.reverse();
      },
      { timeoutMs: END_TIMEOUT_MS, what: 'every deploy to have ended', everyMs: 50 },
    );
  }

  imageOf(pod: string, app: string): Promise<string | null> {
    return this.cluster.imageOf(pod, app);
  }

  async #succeed(server: ServerProcess, method: string, path: string, json?: unknown): Promise<Answer> {
    const answer = await this.call(server, method, path, { json });
    if (answer.status < 300) return answer;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}
