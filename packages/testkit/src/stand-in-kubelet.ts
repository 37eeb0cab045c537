import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { KubeClient } from '@brainpod/kube/client';

type Line = { at: string; text: string };
type Output = { lines: Line[]; ended: boolean; followers: Set<(line: Line | null) => void> };

/**
 * Answers for the output of containers as the kubelet of a node does. The API server under test asks it for that, as it
 * asks a real one: over TLS, at the address that the Node object names.
 */
export class StandInKubelet {
  readonly nodeName: string;
  readonly #server: Server;
  readonly #outputs = new Map<string, Output>();
  readonly #open = new Set<ServerResponse>();

  private constructor(nodeName: string, server: Server) {
    this.nodeName = nodeName;
    this.#server = server;
  }

  /** Starts it, with the certificate that the API server made for itself, and makes its Node. */
  static async start(kube: KubeClient, kubeconfig: string, nodeName: string): Promise<StandInKubelet> {
    const pki = join(dirname(kubeconfig), 'pki');
    const server = createServer({
      cert: await readFile(join(pki, 'apiserver.crt')),
      key: await readFile(join(pki, 'apiserver.key')),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const kubelet = new StandInKubelet(nodeName, server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      kubelet.#answer(request, response),
    );
    // A server that listens on a port has an address with one.
    const { port } = server.address() as AddressInfo;
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
    await kube.apply(node);
    const status = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    };
    await kube.patch(node, { status }, 'merge', 'status');
    return kubelet;
  }

  /** Lets a container (`<namespace>/<k8s pod>/<container>`) write a line. */
  write(container: string, at: string, text: string): void {
    const output = this.#outputOf(container);
    output.lines.push({ at, text });
    for (const follower of output.followers) follower({ at, text });
  }

  /** Lets a container end: who follows it gets to the end. */
  end(container: string): void {
    const output = this.#outputOf(container);
    output.ended = true;
    for (const follower of output.followers) follower(null);
  }

  /** Breaks every connection that is open, as a node that goes down does. */
  breakOff(): void {
    for (const response of this.#open) response.destroy();
  }

  /** How many follow the output of a container. */
  followersOf(container: string): number {
    return this.#outputOf(container).followers.size;
  }

  async stop(): Promise<void> {
    this.breakOff();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #outputOf(container: string): Output {
    const output = this.#outputs.get(container) ?? { lines: [], ended: false, followers: new Set() };
    this.#outputs.set(container, output);
    return output;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'https://node');
    const container = url.pathname.replace(/^\/containerLogs\//, '');
    const output = this.#outputOf(container);
    const since = url.searchParams.get('sinceTime');
    const tail = url.searchParams.get('tailLines');
    const recent = output.lines.filter(({ at }) => since === null || Date.parse(at) >= Date.parse(since));
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    for (const line of tail === null
      ? recent
      : recent.slice(recent.length - Math.min(Number(tail), recent.length)))
      response.write(textOf(line));
    if (url.searchParams.get('follow') !== 'true' || output.ended) {
      response.end();
      return;
    }
    const follower = (line: Line | null) => {
      if (line === null) response.end();
      else response.write(textOf(line));
    };
    output.followers.add(follower);
    this.#open.add(response);
    response.on('close', () => {
      output.followers.delete(follower);
      this.#open.delete(response);
    });
  }
}

function textOf({ at, text }: Line): string {
  return `${at} ${text}\n`;
}
