import * as http from 'node:http';
import * as https from 'node:https';
import { WebSocket } from 'ws';
import { pause } from './back-off.ts';
import type { Credentials } from './connection.ts';
import { errorFromResponse, errorFromTransport, KubeError } from './kube-error.ts';

export type KubeRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  body?: string;
  contentType?: string;
  accept?: string;
  /** For the whole answer; for a stream, until its headers. */
  timeoutMs?: number;
  signal?: AbortSignal;
};

/** A GET that is answered by a WebSocket of this subprotocol. */
export type TunnelRequest = Pick<KubeRequest, 'path' | 'query' | 'signal'> & { protocol: string };

/** What carries requests to a cluster. All calls throw KubeError on every answer but the one that is wanted. */
export interface Transport {
  send(request: KubeRequest): Promise<string>;
  stream(request: KubeRequest): Promise<AsyncIterable<Buffer>>;
  /** Gives the WebSocket when it is open, paused: `resume` lets its messages come. */
  tunnel(request: TunnelRequest): Promise<WebSocket>;
  /** Ends what is under way; every later call fails at once. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const TURNED_AWAY = 429;
const MOST_WAITS = 5;

/**
 * Sends over HTTPS with connections kept open. After a 401 the credentials are read again and the call repeated once;
 * one that was turned away (429) is repeated after the time that the answer names, up to five times.
 */
export class HttpsTransport implements Transport {
  readonly #credentials: Credentials;
  readonly #underWay = new Set<http.ClientRequest>();
  readonly #tunnels = new Set<WebSocket>();
  readonly #closing = new AbortController();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  send(request: KubeRequest): Promise<string> {
    return this.#untilTaken(request, async () => {
      try {
        return await this.#sendOnce(request);
      } catch (error) {
        if (!(error instanceof KubeError) || error.status !== 401) throw error;
        this.#credentials.invalidate();
        return this.#sendOnce(request);
      }
    });
  }

  stream(request: KubeRequest): Promise<AsyncIterable<Buffer>> {
    return this.#untilTaken(request, async () => {
      const response = await this.#open(request);
      if (!isSuccess(response)) throw await this.#failure(request, response);
      return response;
    });
  }

  tunnel(request: TunnelRequest): Promise<WebSocket> {
    const asked: KubeRequest = { ...request, method: 'GET', accept: '*/*' };
    return this.#untilTaken(asked, () => this.#upgrade(asked, request.protocol));
  }

  close(): void {
    this.#closing.abort();
    for (const outgoing of this.#underWay) outgoing.destroy(closedError());
    for (const tunnel of this.#tunnels) tunnel.terminate();
    this.#credentials.close();
  }

  // An API server turns calls away before it does anything for them: when there are too many, and while it gets ready to
  // serve a kind that was defined a moment ago.
  async #untilTaken<Answer>({ signal }: KubeRequest, call: () => Promise<Answer>): Promise<Answer> {
    const ends = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    for (let waits = 0; ; waits++) {
      try {
        return await call();
      } catch (error) {
        const isTurnedAway = error instanceof KubeError && error.status === TURNED_AWAY;
        if (!isTurnedAway || error.retryAfterMs === undefined || waits === MOST_WAITS) throw error;
        await pause(error.retryAfterMs, AbortSignal.any(ends));
      }
    }
  }

  async #sendOnce(request: KubeRequest): Promise<string> {
    const response = await this.#open(request);
    if (!isSuccess(response)) throw await this.#failure(request, response);
    return this.#readBody(request, response);
  }

  async #failure(request: KubeRequest, response: http.IncomingMessage): Promise<KubeError> {
    const body = await this.#readBody(request, response);
    const retryAfter = response.headers['retry-after'];
    return errorFromResponse(describe(request), response.statusCode ?? 0, body, retryAfter);
  }

  async #readBody(request: KubeRequest, response: http.IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => response.destroy(timeoutError()), request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    try {
      for await (const chunk of response) chunks.push(chunk);
    } catch (cause) {
      throw this.#broken(request, cause);
    } finally {
      clearTimeout(timer);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #broken(request: KubeRequest, cause: unknown): KubeError {
    this.#credentials.invalidate();
    return errorFromTransport(describe(request), cause);
  }

  async #open(request: KubeRequest): Promise<http.IncomingMessage> {
    let options: https.RequestOptions;
    try {
      options = await this.#options(request);
    } catch (cause) {
      throw this.#broken(request, cause);
    }
    // Looked at after the last wait: what begins from here on is known to `close`.
    if (this.#closing.signal.aborted) throw errorFromTransport(describe(request), closedError());
    return new Promise((resolve, reject) => {
      const protocol = options.protocol === 'http:' ? http : https;
      let outgoing: http.ClientRequest;
      try {
        outgoing = protocol.request(options);
      } catch (cause) {
        // A token that cannot stand in a header, a key that is none: thrown before anything is sent.
        reject(this.#broken(request, cause));
        return;
      }
      const timer = setTimeout(
        () => outgoing.destroy(timeoutError()),
        request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      );
      this.#underWay.add(outgoing);
      outgoing.on('close', () => this.#underWay.delete(outgoing));
      outgoing.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
      outgoing.on('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      outgoing.on('error', (cause) => {
        clearTimeout(timer);
        reject(this.#broken(request, cause));
      });
      outgoing.end(request.body);
    });
  }

  async #upgrade(request: KubeRequest, protocol: string): Promise<WebSocket> {
    const { agent, headers, ...target } = await this.#options(request).catch((cause: unknown) => {
      throw this.#broken(request, cause);
    });
    if (this.#closing.signal.aborted) throw errorFromTransport(describe(request), closedError());
    const scheme = target.protocol === 'http:' ? 'ws' : 'wss';
    const host = String(target.hostname);
    const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${target.port}${target.path}`;
    const tunnel = new WebSocket(url, [protocol], {
      ...{ agent, headers, perMessageDeflate: false, followRedirects: false },
      handshakeTimeout: DEFAULT_TIMEOUT_MS,
    });
    this.#tunnels.add(tunnel);
    tunnel.on('close', () => this.#tunnels.delete(tunnel));
    const { signal } = request;
    const end = (): void => tunnel.terminate();
    signal?.addEventListener('abort', end, { once: true });
    tunnel.on('close', () => signal?.removeEventListener('abort', end));
    return new Promise((resolve, reject) => {
      tunnel.once('open', () => {
        // Its first messages come with the answer, when nobody listens yet.
        tunnel.pause();
        resolve(tunnel);
      });
      tunnel.once('unexpected-response', (_outgoing, response) => {
        void this.#failure(request, response).then(reject, reject).finally(end);
      });
      // Stays on: an error of a tunnel that is open is told by its end.
      tunnel.on('error', (cause) => reject(this.#broken(request, cause)));
    });
  }

  async #options(request: KubeRequest): Promise<https.RequestOptions> {
    const { server, agent, headers } = await this.#credentials.current();
    const basePath = server.pathname === '/' ? '' : server.pathname;
    return {
      protocol: server.protocol,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port === '' ? (server.protocol === 'http:' ? 80 : 443) : server.port,
      method: request.method,
      path: basePath + request.path + formatQuery(request.query),
      agent,
      headers: {
        'user-agent': 'brainpod',
        accept: request.accept ?? 'application/json',
        ...headers,
        ...(request.body === undefined
          ? {}
          : {
              'content-type': request.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(request.body),
            }),
      },
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
  }
}

function isSuccess(response: http.IncomingMessage): boolean {
  const status = response.statusCode ?? 0;
  return status >= 200 && status < 300;
}

function formatQuery(query: KubeRequest['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(name, value);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function describe(request: KubeRequest): string {
  return `${request.method} ${request.path}`;
}

function closedError(): Error {
  return new Error('the client has been closed');
}

function timeoutError(): Error {
  return new DOMException('no answer in time', 'TimeoutError');
}
