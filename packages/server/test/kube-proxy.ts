import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';

/** How the API server's kubeconfig says to reach it. */
type Upstream = { server: URL; authority: Buffer; token: string };

/**
 * Stands between a server and the Kubernetes API: tells of every write before it is passed on, and can be away, so that
 * connections are refused.
 */
export class KubeProxy {
  readonly kubeconfig: string;
  /** Called before a write is passed on; one that returns false is never passed on nor answered. */
  onWrite: (request: IncomingMessage) => boolean = () => true;
  /** Whether nothing is answered any more, though connections are taken. */
  isSilent = false;
  readonly #dir: string;
  readonly #upstream: Upstream;
  readonly #port: number;
  #server = createServer();

  private constructor(dir: string, upstream: Upstream, port: number) {
    this.#dir = dir;
    this.#upstream = upstream;
    this.#port = port;
    this.kubeconfig = join(dir, 'kubeconfig.json');
  }

  static async start(upstreamKubeconfig: string): Promise<KubeProxy> {
    const dir = await mkdtemp(join(tmpdir(), 'brainpod-kube-proxy-'));
    const proxy = new KubeProxy(dir, readUpstream(upstreamKubeconfig), await freePort());
    await proxy.up();
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server: proxy.origin } }],
      users: [{ name: 'test', user: {} }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    };
    await writeFile(proxy.kubeconfig, JSON.stringify(config));
    return proxy;
  }

  /** Where it listens. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async up(): Promise<void> {
    this.#server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
    await new Promise<void>((done) => this.#server.listen(this.#port, '127.0.0.1', done));
  }

  /** From now on connections are refused, and those there are end. */
  async down(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    this.#server.closeAllConnections();
    await closed;
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** From now on connections are taken and nothing is answered; those there are end. */
  fallSilent(): void {
    this.isSilent = true;
    this.#server.closeAllConnections();
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const isWrite = incoming.method !== 'GET' && !(incoming.url ?? '').includes('dryRun');
    if (this.isSilent || (isWrite && !this.onWrite(incoming))) return;
    const { server, authority, token } = this.#upstream;
    const send = server.protocol === 'http:' ? request : requestSecurely;
    const upstream = send(
      new URL(incoming.url ?? '/', server),
      {
        method: incoming.method,
        ca: authority,
        headers: { ...incoming.headers, host: server.host, authorization: `Bearer ${token}` },
      },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        outgoing.flushHeaders();
        response.pipe(outgoing);
        response.once('error', () => outgoing.destroy());
      },
    );
    upstream.once('error', () => outgoing.destroy());
    outgoing.once('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }
}

function readUpstream(kubeconfig: string): Upstream {
  // A parse boundary: the file is written by the API server's own test kit.
  const config = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority': string } }];
    users: [{ user: { token: string } }];
  };
  const { cluster } = config.clusters[0];
  return {
    server: new URL(cluster.server),
    authority: readFileSync(resolve(dirname(kubeconfig), cluster['certificate-authority'])),
    token: config.users[0].user.token,
  };
}

/** A TCP port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Whether somebody takes connections on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}
