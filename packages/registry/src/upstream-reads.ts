import type { Writable } from 'node:stream';
import { SharedAnswers } from './shared-answers.ts';
import { unavailable } from './upstream.ts';
import { type Head, UpstreamConnection } from './upstream-connection.ts';

const IDLE_CONNECTIONS = 32;

/** What the registry behind answers: its head at once, its body as it comes. One of the three is to be called. */
export type ReadAnswer = Head & {
  /** Ends the answer to a client, whose head is set. Rejects where either side goes away before the end. */
  sendBody(to: Writable): Promise<void>;
  whole(): Promise<Buffer>;
  discard(): void;
};
export type WholeAnswer = Head & { body: Buffer };

/**
 * GET and HEAD of the registry behind, which is most of what a registry does. Node's own client takes new memory and several
 * turns for each 64 KB of a layer, and more time for a manifest than the registry does. It speaks HTTP/1.0, in which an
 * answer has a length or ends with its connection.
 */
export class UpstreamReads {
  readonly #origin: URL;
  readonly #idle: UpstreamConnection[] = [];
  readonly #small = new SharedAnswers<WholeAnswer>();

  /** Of plain HTTP, which is spoken to what listens on this machine only. */
  constructor(origin: URL) {
    this.#origin = origin;
  }

  /** Throws OciError UNAVAILABLE where there is no answer. */
  async read(method: string, target: string, headers: Record<string, string>): Promise<ReadAnswer> {
    const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = [`Host: ${this.#origin.host}`, 'Connection: keep-alive', ''].join('\r\n') + given.join('');
    const request = `${method} ${target} HTTP/1.0\r\n${head}\r\n`;
    for (;;) {
      const kept = this.#idle.pop();
      const connection = kept ?? new UpstreamConnection(this.#origin, (idle) => this.#keep(idle));
      try {
        const answer = await connection.ask(request, method === 'HEAD');
        return {
          ...answer,
          sendBody: (to) => connection.sendBody(to),
          whole: () => connection.whole(),
          discard: () => connection.destroy(),
        };
      } catch (cause) {
        // One that was kept may have ended meanwhile; a new one says how things are.
        if (kept === undefined) throw unavailable(cause);
      }
    }
  }

  /** The same of what is small, such as a manifest; who asks the same at the same time gets the same answer. */
  readWhole(method: string, target: string, headers: Record<string, string>): Promise<WholeAnswer> {
    return this.#small.ask(JSON.stringify([method, target, headers]), async () => {
      const { status, headers: found, whole } = await this.read(method, target, headers);
      return { status, headers: found, body: await whole() };
    });
  }

  #keep(connection: UpstreamConnection): void {
    if (this.#idle.length < IDLE_CONNECTIONS) this.#idle.push(connection);
    else connection.destroy();
  }
}
