import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, json } from 'node:stream/consumers';
import type { Build, BuildLogEntry } from '../flows/builds-api.ts';

const NOW = '2026-11-23T12:00:00.000Z';

export const WAITING: Build = {
  id: '7d3c0d5e-4b1b-4c53-8a30-0f0d4a8a6f01',
  state: 'waiting',
  origin: 'hosted',
  image: { repository: 'web', tag: 'latest', reference: null, digest: null },
  source: null,
  platform: 'linux/amd64',
  tags: {},
  artifacts: [],
  error: null,
  ahead: 0,
  createdAt: NOW,
  startedAt: null,
  finishedAt: null,
};

/** The operations of hosted builds over HTTP, with what was sent kept in memory. What becomes of a build is the test's to say. */
export class BuildsStandIn {
  readonly #server: Server;
  readonly #work = mkdtempSync(join(tmpdir(), 'brainpod-stand-in-'));
  readonly contents = new Map<string, Buffer>();
  /** What was asked, such as `PUT /v1/pods/p/sources/contents`. */
  readonly seen: string[] = [];
  /** The bodies of what was asked to be built. */
  readonly requests: unknown[] = [];
  build: Build = WAITING;
  log: BuildLogEntry[] = [];
  logPage = 1000;
  /** Called before each answer. With 'break' the connection is cut off, a number is a status to fail with. */
  onCall: (call: string) => 'break' | number | undefined = () => undefined;
  /** As the real one, some of what is sent can be lost. */
  keeps: (digest: string) => boolean = () => true;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(): Promise<BuildsStandIn> {
    const standIn = new BuildsStandIn();
    standIn.#server.listen(0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    return standIn;
  }

  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
    rmSync(this.#work, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const call = `${request.method} ${path}`;
    this.seen.push(call);
    const fault = this.onCall(call);
    if (fault === 'break') return void request.socket.destroy();
    if (fault !== undefined)
      return reply(response, fault, { error: { code: codeOf(fault), message: 'No.' } });
    const query = new URLSearchParams(request.url?.split('?')[1]);
    if (call.endsWith('/sources')) return reply(response, 200, this.#source(await json(request)));
    if (call.endsWith('/sources/contents')) return reply(response, 200, this.#receive(await buffer(request)));
    if (call.endsWith('/log')) return reply(response, 200, this.#logAfter(Number(query.get('after'))));
    if (call.endsWith('/cancel')) {
      this.build = { ...this.build, state: 'cancelled', finishedAt: NOW };
      return reply(response, 202, this.build);
    }
    if (call.startsWith('POST') && call.endsWith('/builds')) {
      this.requests.push(await json(request));
      return reply(response, 202, this.build);
    }
    if (call.endsWith('/builds')) return reply(response, 200, { items: [this.build], _links: {} });
    return reply(response, 200, this.build);
  }

  #source(body: unknown): object {
    const text = JSON.stringify(body);
    const digests = [...text.matchAll(/"digest":"(sha256:[0-9a-f]{64})"/g)].map(([, digest = '']) => digest);
    const missing = [...new Set(digests)].filter((digest) => !this.contents.has(digest));
    const source = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    return { source, files: digests.length, bytes: 0, missing };
  }

  /** Read by a real tar, which says where it is none. */
  #receive(body: Buffer): object {
    const folder = mkdtempSync(join(this.#work, 'received-'));
    writeFileSync(join(folder, 'archive'), body);
    mkdirSync(join(folder, 'files'));
    execFileSync('tar', ['-xzf', join(folder, 'archive'), '-C', join(folder, 'files')]);
    const names = readdirSync(join(folder, 'files'));
    for (const name of names) {
      const content = readFileSync(join(folder, 'files', name));
      const digest = createHash('sha256').update(content).digest('hex');
      if (digest !== name) throw new Error(`${name} is ${digest}`);
      if (this.keeps(`sha256:${digest}`)) this.contents.set(`sha256:${digest}`, content);
    }
    return { received: names.length, bytes: 0 };
  }

  #logAfter(after: number): object {
    const items = this.log.filter(({ seq }) => seq > after).slice(0, this.logPage);
    const last = items.at(-1)?.seq ?? after;
    const whole = this.log.every(({ seq }) => seq <= last);
    return { items, ended: whole && !['waiting', 'pending'].includes(this.build.state) };
  }
}

function codeOf(status: number): string {
  return status === 409 ? 'CONFLICT' : status === 503 ? 'SERVICE_UNAVAILABLE' : 'VALIDATION_ERROR';
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
  response.end(JSON.stringify(body));
}
