import { KubeError } from '@brainpod/kube/kube-error';
import type { KubeRequest, Transport, TunnelRequest } from '@brainpod/kube/transport';

export type Breakage = 'refused' | 'answer lost' | 'server error';

/**
 * Breaks single writes: `decide` is told of each, with the namespace and which write to it this is (from 1), and says how
 * it breaks, or null.
 */
export class UnreliableTransport implements Transport {
  readonly #inner: Transport;
  readonly #decide: (namespace: string, writeNumber: number) => Breakage | null;
  readonly #writes: Map<string, number>;

  constructor(
    inner: Transport,
    decide: (namespace: string, writeNumber: number) => Breakage | null,
    writes: Map<string, number> = new Map(),
  ) {
    this.#inner = inner;
    this.#decide = decide;
    this.#writes = writes;
  }

  async send(request: KubeRequest): Promise<string> {
    const namespace = /\/namespaces\/([^/?]+)/.exec(request.path)?.[1];
    if (request.method === 'GET' || namespace === undefined) return this.#inner.send(request);
    const writeNumber = (this.#writes.get(namespace) ?? 0) + 1;
    this.#writes.set(namespace, writeNumber);
    const breakage = this.#decide(namespace, writeNumber);
    if (breakage === 'refused') throw broken(0, 'Unreachable');
    if (breakage === 'server error') throw broken(500, 'InternalError');
    const answer = await this.#inner.send(request);
    if (breakage === 'answer lost') throw broken(0, 'Unreachable');
    return answer;
  }

  stream(request: KubeRequest): Promise<AsyncIterable<Buffer>> {
    return this.#inner.stream(request);
  }

  tunnel(request: TunnelRequest): ReturnType<Transport['tunnel']> {
    return this.#inner.tunnel(request);
  }

  close(): void {
    this.#inner.close();
  }
}

function broken(status: number, reason: string): KubeError {
  return new KubeError({ status, reason, message: 'broken on purpose', retryable: true });
}
