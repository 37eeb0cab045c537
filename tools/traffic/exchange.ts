import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { type Agent, request } from 'node:https';
import { connect as connectTls } from 'node:tls';

export type Ask = { path: string; method: 'GET' | 'POST'; body: Buffer; timeoutMs: number };
export type Reply = { status: number; instance: string; version: string; at: number; body: Buffer };
export type Place = { origin: string; ca: string; address: string; port: number };

/** The bytes that the app answers to `?seed=…&bytes=…`. */
export function expectedBytes(seed: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (seed + index * 7) & 0xff));
}

/** One request over HTTP/1.1. Rejects on a refused certificate, a reset, a cut answer, or none in time. */
export function ask(place: Place, agent: Agent, { path, method, body, timeoutMs }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = method === 'POST' ? { 'content-length': body.length } : {};
    const call = request(`${place.origin}${path}`, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(timer);
        if (!response.complete) return reject(new Error('the answer was cut off'));
        resolve(replyOf(response.statusCode ?? 0, response.headers, chunks));
      });
    });
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    call.end(body);
  });
}

function replyOf(status: number, headers: Record<string, unknown>, chunks: Buffer[]): Reply {
  return {
    status,
    instance: String(headers['x-instance'] ?? ''),
    version: String(headers['x-version'] ?? ''),
    at: Number(headers['x-at'] ?? 0),
    body: Buffer.concat(chunks),
  };
}

/** A client that keeps one HTTP/2 connection, and makes another when the edge says that it closes this one. */
export class Http2Client {
  readonly #place: Place;
  #session: ClientHttp2Session | null = null;
  #broken: Error | null = null;

  constructor(place: Place) {
    this.#place = place;
  }

  /** What the edge refused before it worked on it may be sent again, as browsers do. */
  async ask(question: Ask): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#askOnce(question);
      } catch (error) {
        if (attempt === 2 || !isUnprocessed(error)) throw error;
        this.#session = null;
      }
    }
  }

  close(): void {
    this.#session?.close();
  }

  #open(): ClientHttp2Session {
    const held = this.#session;
    if (held !== null && !held.closed && !held.destroyed) return held;
    const { origin, ca, address, port } = this.#place;
    const { hostname } = new URL(origin);
    const session = connect(origin, {
      createConnection: () =>
        connectTls({ host: address, port, servername: hostname, ca, ALPNProtocols: ['h2'] }),
    });
    this.#broken = null;
    // Each stream that is open gets the error too; those are counted.
    session.on('error', (error) => {
      this.#broken = error;
    });
    session.on('goaway', () => {
      if (this.#session === session) this.#session = null;
    });
    this.#session = session;
    return session;
  }

  #askOnce({ path, method, body, timeoutMs }: Ask): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const stream = this.#open().request({ ':path': path, ':method': method });
      const chunks: Buffer[] = [];
      let head: Record<string, unknown> | null = null;
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${timeoutMs} ms`));
        stream.close(constants.NGHTTP2_CANCEL);
      }, timeoutMs);
      stream.on('response', (headers) => {
        head = headers;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        clearTimeout(timer);
        if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) reject(new UnprocessedError());
        else if (stream.rstCode !== 0) reject(new Error(`stream reset with code ${stream.rstCode}`));
        else if (head === null) reject(this.#broken ?? new Error('the stream was closed without an answer'));
        else resolve(replyOf(Number(head[':status']), head, chunks));
      });
      stream.end(method === 'POST' ? body : undefined);
    });
  }
}

class UnprocessedError extends Error {}

function isUnprocessed(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return error instanceof UnprocessedError || code === 'ERR_HTTP2_GOAWAY_SESSION';
}
