import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';

export type Head = { status: number; headers: Record<string, string> };

/** Of an answer whose head was read. */
type Body = {
  /** What came along with the head. */
  early: Buffer;
  /** Bytes that are still to come; infinite where the answer ends with the connection. */
  left: number;
  isKept: boolean;
  to: Writable | null;
  /** Buffers that are on their way to the client. */
  underWay: number;
  ended: PromiseWithResolvers<void>;
};

const SILENCE_MS = 30 * 60 * 1000;
const SMALL_BYTES = 64 * 1024;
const LARGE_BYTES = 256 * 1024;
/** A client that reads slowly holds no more than these. */
const BUFFERS_OF_AN_ANSWER = 4;
const SPARE_BUFFERS = 32;
const END_OF_HEAD = '\r\n\r\n';
const WITHOUT_BODY = [204, 304];

/** Large buffers between two uses. */
const spare: Buffer[] = [];

/** One connection to the registry behind, for one exchange after the other. Reads as much at once as there is. */
export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #becomesIdle: (connection: UpstreamConnection) => void;
  readonly #small = Buffer.allocUnsafeSlow(SMALL_BYTES);
  #buffer: Buffer = this.#small;
  #received = '';
  #isHead = false;
  #head: PromiseWithResolvers<Head> | null = null;
  #body: Body | null = null;

  constructor(origin: URL, becomesIdle: (connection: UpstreamConnection) => void) {
    this.#becomesIdle = becomesIdle;
    this.#socket = connect({
      // A URL puts an address of IPv6 into brackets.
      host: origin.hostname.replace(/^\[|\]$/g, ''),
      port: Number(origin.port || 80),
      noDelay: true,
      onread: {
        buffer: () => {
          this.#buffer = (this.#body?.left ?? 0) > SMALL_BYTES ? largeBuffer() : this.#small;
          return this.#buffer;
        },
        callback: (size) => this.#take(this.#buffer.subarray(0, size)),
      },
    });
    const silence = new Error('The registry was silent for 30 minutes.');
    this.#socket.setTimeout(SILENCE_MS, () => this.#socket.destroy(silence));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#closed());
  }

  /** Sends a request that has no body, in HTTP/1.0. Rejects where the connection ends before the head of its answer. */
  async ask(request: string, isHead: boolean): Promise<Head> {
    if (this.#socket.destroyed) throw new Error('The connection has ended.');
    const head = Promise.withResolvers<Head>();
    this.#head = head;
    this.#isHead = isHead;
    this.#received = '';
    this.#socket.ref();
    this.#socket.write(request, 'latin1');
    return await head.promise;
  }

  /** Writes the rest of the answer; the connection is free for the next then. */
  async sendBody(to: Writable): Promise<void> {
    const body = this.#body;
    if (body === null) throw new Error('There is no answer.');
    if (body.left > 0) await this.#stream(body, to);
    to.end(body.to === null ? body.early : undefined);
    this.#body = null;
    if (!body.isKept) return this.destroy();
    this.#socket.unref();
    this.#becomesIdle(this);
  }

  /** The rest of an answer that is known to be small. */
  async whole(): Promise<Buffer> {
    const parts: Buffer[] = [];
    const write = (part: Buffer, _encoding: unknown, done: () => void): void => {
      // What it is read into is used again.
      parts.push(Buffer.from(part));
      done();
    };
    await this.sendBody(new Writable({ write }));
    return Buffer.concat(parts);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #stream(body: Body, to: Writable): Promise<void> {
    const gone = (): void => this.#fail(new Error('The client went away.'));
    to.once('close', gone);
    try {
      if (to.destroyed) gone();
      if (body.early.length > 0) to.write(body.early);
      body.to = to;
      this.#socket.resume();
      await body.ended.promise;
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      to.off('close', gone);
    }
  }

  /** False where reading is to wait. */
  #take(chunk: Buffer): boolean {
    if (this.#head !== null) return this.#takeHead(this.#head, chunk);
    const { to } = this.#body ?? {};
    if (this.#body === null || to == null) {
      this.#socket.destroy(new Error('The registry sent what nobody asked for.'));
      return false;
    }
    return this.#pass(this.#body, to, chunk);
  }

  #takeHead(head: PromiseWithResolvers<Head>, chunk: Buffer): boolean {
    this.#received += chunk.toString('latin1');
    const end = this.#received.indexOf(END_OF_HEAD);
    if (end < 0) {
      if (this.#received.length > SMALL_BYTES)
        this.#socket.destroy(new Error('The head of the answer has no end.'));
      return true;
    }
    const parsed = parseHead(this.#received.slice(0, end));
    const early = Buffer.from(this.#received.slice(end + END_OF_HEAD.length), 'latin1');
    const left = this.#lengthOf(parsed) - early.length;
    const isKept = left >= 0 && Number.isFinite(left) && /keep-alive/i.test(parsed.headers.connection ?? '');
    const ended = Promise.withResolvers<void>();
    // Whoever only needs the head does not wait for it.
    ended.promise.catch(() => undefined);
    this.#body = { early, left, isKept, to: null, underWay: 0, ended };
    this.#head = null;
    head.resolve(parsed);
    return left <= 0;
  }

  #lengthOf({ status, headers }: Head): number {
    if (this.#isHead || WITHOUT_BODY.includes(status)) return 0;
    const length = headers['content-length'];
    return length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  }

  #pass(body: Body, to: Writable, chunk: Buffer): boolean {
    const buffer = this.#buffer;
    const isLarge = buffer !== this.#small;
    body.left -= chunk.length;
    body.underWay++;
    to.write(isLarge ? chunk : Buffer.from(chunk), () => {
      if (isLarge && spare.length < SPARE_BUFFERS) spare.push(buffer);
      body.underWay--;
      if (body.left > 0 && body.underWay === BUFFERS_OF_AN_ANSWER - 1) this.#socket.resume();
    });
    if (body.left <= 0) {
      body.ended.resolve();
      return true;
    }
    return body.underWay < BUFFERS_OF_AN_ANSWER;
  }

  #closed(): void {
    if (this.#body?.left === Number.POSITIVE_INFINITY) this.#body.ended.resolve();
    else this.#fail(new Error('The registry ended the connection.'));
  }

  #fail(error: Error): void {
    this.#head?.reject(error);
    this.#body?.ended.reject(error);
  }
}

function largeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
}

function parseHead(text: string): Head {
  const [status = '', ...lines] = text.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: Number(status.slice(9, 12)), headers };
}
