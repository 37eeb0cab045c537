import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { type ControlReply, type ControlRequest, parseReply } from './control-protocol.ts';
import { hasErrorCode } from './error-code.ts';

/** The supervisor refused what was asked; the message says why. */
export class ControlRefused extends Error {}

type Accepted = Extract<ControlReply, { ok: true }>;

/** A connection to a running supervisor. Requests are answered in order. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #lines: Interface;
  readonly #waiting: { resolve: (reply: ControlReply) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket });
    this.#lines.on('line', (line) => this.#receive(line));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The supervisor ended before it had answered.')));
  }

  /** Connects, or null when no supervisor listens there. */
  static async open(socketFile: string): Promise<ControlClient | null> {
    const socket = connect(socketFile);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ECONNREFUSED')) return null;
      if (hasErrorCode(error, 'EACCES')) {
        throw new Error(
          `Brainpod runs here as another user (${socketFile} may not be opened). Use that user, or sudo.`,
          { cause: error },
        );
      }
      throw error;
    }
    socket.removeAllListeners('error');
    return new ControlClient(socket);
  }

  /** Asks and waits for the answer. Throws ControlRefused when the answer is a refusal. */
  async request(request: ControlRequest): Promise<Accepted> {
    const reply = await new Promise<ControlReply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify(request)}\n`);
    });
    if (!reply.ok) throw new ControlRefused(reply.error);
    return reply;
  }

  close(): void {
    this.#lines.close();
    this.#socket.destroy();
  }

  #receive(line: string): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    try {
      next.resolve(parseReply(line));
    } catch (error) {
      next.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
