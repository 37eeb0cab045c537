import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type SeenRequest = { method: string; url: string; headers: IncomingHttpHeaders; body: string };
export type Reply = { status: number; body: unknown; headers?: Record<string, string> };

/** A real HTTP server that keeps what it was asked and answers what the test says, call by call. */
export class RecordedApi {
  readonly seen: SeenRequest[] = [];
  readonly #replies = new Map<string, Reply[]>();
  readonly #server: Server;
  #origin = '';

  private constructor() {
    this.#server = createServer((request, response) => {
      void buffer(request).then((body) => {
        const { method = '', url = '', headers } = request;
        this.seen.push({ method, url, headers, body: body.toString('utf8') });
        const queue = this.#replies.get(`${method} ${url.split('?')[0]}`) ?? [];
        const reply = queue.length > 1 ? queue.shift() : queue[0];
        const { status, body: answer, headers: extra } = reply ?? unexpected(method, url);
        response.writeHead(status, { 'content-type': 'application/json', ...extra });
        response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<RecordedApi> {
    const api = new RecordedApi();
    api.#server.listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    const address = api.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The test server has no port.');
    api.#origin = `http://127.0.0.1:${address.port}`;
    return api;
  }

  get origin(): string {
    return this.#origin;
  }

  /** Answers a call; several replies are given one after the other, the last one again and again. */
  on(call: string, ...replies: Reply[]): void {
    this.#replies.set(call, replies);
  }

  reset(): void {
    this.seen.length = 0;
    this.#replies.clear();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function unexpected(method: string, url: string): Reply {
  return {
    status: 404,
    body: { error: { code: 'NOT_FOUND', message: `No reply for ${method} ${url}`, requestId: 'r-0' } },
  };
}
