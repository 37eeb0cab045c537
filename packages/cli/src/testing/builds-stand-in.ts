import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { json } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { SourceStore } from '@brainpod/builder/source/source-store';
import { readTarFiles } from '@brainpod/builder/source/tar-files';
import { parseSource } from '@brainpod/model/source';
import type { Build, BuildLogEntry } from '../flows/builds-api.ts';

export const POD = '0b7f4f0e-2f3b-4a53-9a53-5d1f6f3c1a11';
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

/** The operations of hosted builds over HTTP, with the real store of what is sent. What becomes of a build is the test's to say. */
export class BuildsStandIn {
  readonly #server: Server;
  readonly #answering = new Set<Promise<void>>();
  readonly #work = mkdtempSync(join(tmpdir(), 'brainpod-stand-in-'));
  /** What is kept of what was sent, under the pod POD. */
  readonly store = new SourceStore(join(this.#work, 'sources'));
  readonly contents = new Set<string>();
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
      const answered = this.#answer(request, response)
        .catch((error: unknown) => void response.writeHead(500).end(String(error)))
        .finally(() => this.#answering.delete(answered));
      this.#answering.add(answered);
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
    // An answer that nobody waits for any longer may still write.
    await Promise.all(this.#answering);
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
    if (call.endsWith('/sources')) return reply(response, 200, await this.#source(await json(request)));
    if (call.endsWith('/sources/contents')) return reply(response, 200, await this.#receive(request));
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

  async #source(body: unknown): Promise<object> {
    const parsed = parseSource(Object(body).files);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    const digests = parsed.value.flatMap((entry) => ('digest' in entry ? [entry.digest] : []));
    const source = await this.store.putList(POD, parsed.value);
    return { source, files: digests.length, bytes: 0, missing: await this.store.missing(POD, digests) };
  }

  async #receive(request: IncomingMessage): Promise<object> {
    let received = 0;
    // Where the sender goes away, reading has to end too; what failed is told by the reading.
    const unpacked = pipeline(request, createGunzip(), () => undefined);
    for await (const { digest, content } of readTarFiles(unpacked)) {
      received += 1;
      if (this.keeps(digest)) {
        await this.store.put(POD, digest, content);
        this.contents.add(digest);
      } else for await (const _ of content);
    }
    return { received, bytes: 0 };
  }

  #logAfter(after: number): object {
    const items = this.log.filter(({ seq }) => seq > after).slice(0, this.logPage);
    const last = items.at(-1)?.seq ?? after;
    const whole = this.log.every(({ seq }) => seq <= last);
    return { items, ended: whole && !['waiting', 'pending'].includes(this.build.state) };
  }
}

function codeOf(status: number): string {
  return status === 412 ? 'PRECONDITION_FAILED' : status === 503 ? 'SERVICE_UNAVAILABLE' : 'VALIDATION_ERROR';
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
  response.end(JSON.stringify(body));
}
