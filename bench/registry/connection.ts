import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

type Answer = { status: number; location: string | null; bytes: number; text: string };
type Waiting = { head: string; left: number | null; answer: Answer; done: (answer: Answer) => void };

const READ_BYTES = 1 << 20;
const KEPT_BYTES = 1 << 16;
const END_OF_HEAD = '\r\n\r\n';

/** One connection that carries one exchange after the other; of large answers it counts the bytes and keeps none. */
export class Connection {
  readonly #socket: Socket;
  readonly #headers: string;
  #waiting: Waiting | null = null;
  #broken: (error: Error) => void = () => undefined;

  constructor(port: number, authorization: string | null) {
    this.#headers = `Host: 127.0.0.1:${port}\r\n${authorization === null ? '' : `Authorization: ${authorization}\r\n`}`;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (size, buffer) => {
          this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, size));
          return true;
        },
      },
    });
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error) => this.#broken(error));
    this.#socket.on('end', () => this.#broken(new Error('the registry closed the connection')));
  }

  /** Throws on any answer but one of this status. */
  async ask(
    wanted: number,
    line: string,
    headers: Record<string, string | number> = {},
    body: Iterable<Buffer> = [],
  ): Promise<Answer> {
    const answered = new Promise<Answer>((resolve, reject) => {
      const answer = { status: 0, location: null, bytes: 0, text: '' };
      this.#waiting = { head: '', left: null, answer, done: resolve };
      this.#broken = reject;
    });
    const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`${line} HTTP/1.1\r\n${this.#headers}${given.join('')}\r\n`);
    await Promise.race([this.#send(body), answered]);
    const answer = await answered;
    if (answer.status !== wanted) throw new Error(`${line}: ${answer.status} ${answer.text}`);
    return answer;
  }

  close(): void {
    this.#broken = () => undefined;
    this.#socket.destroy();
  }

  async #send(body: Iterable<Buffer>): Promise<void> {
    for (const block of body) if (!this.#socket.write(block)) await once(this.#socket, 'drain');
  }

  #take(chunk: Buffer): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    let part = chunk;
    if (waiting.left === null) {
      waiting.head += chunk.toString('latin1');
      const end = waiting.head.indexOf(END_OF_HEAD);
      if (end < 0) return;
      part = Buffer.from(waiting.head.slice(end + END_OF_HEAD.length), 'latin1');
      const head = waiting.head.slice(0, end);
      waiting.answer.status = Number(head.slice(9, 12));
      waiting.answer.location = /\r\nlocation: (.+)/i.exec(head)?.[1] ?? null;
      waiting.left = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    }
    waiting.left -= part.length;
    waiting.answer.bytes += part.length;
    if (waiting.answer.bytes <= KEPT_BYTES) waiting.answer.text += part.toString('utf8');
    if (waiting.left > 0) return;
    this.#waiting = null;
    waiting.done(waiting.answer);
  }
}
