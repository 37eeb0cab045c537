import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseAddress } from '@brainpod/testkit/postgres';

const SOCKET = '.s.PGSQL.5432';
/** Messages of PostgreSQL's protocol 3: a statement that is run at once, one that is prepared, one that is run. */
const QUERY = 'Q';
const PARSE = 'P';
const BIND = 'B';

/**
 * Stands between a server and PostgreSQL: tells of every statement before it is passed on, and can be away, so that
 * connections are refused.
 */
export class PostgresProxy {
  readonly address: DatabaseAddress;
  /** Called with the text of each statement that is about to be run. */
  onStatement: (text: string) => void = () => undefined;
  readonly #dir: string;
  readonly #upstream: string;
  readonly #sockets = new Set<Socket>();
  #server = createServer();

  private constructor(dir: string, upstream: DatabaseAddress) {
    this.#dir = dir;
    this.#upstream = join(upstream.host, SOCKET);
    this.address = { ...upstream, host: dir };
  }

  static async start(upstream: DatabaseAddress): Promise<PostgresProxy> {
    const dir = await mkdtemp(join(tmpdir(), 'brainpod-pg-proxy-'));
    const proxy = new PostgresProxy(dir, upstream);
    await proxy.up();
    return proxy;
  }

  async up(): Promise<void> {
    this.#server = createServer((client) => this.#pass(client));
    await new Promise<void>((done) => this.#server.listen(join(this.#dir, SOCKET), done));
  }

  /** From now on connections are refused, and those there are end. */
  async down(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #pass(client: Socket): void {
    const upstream = connect(this.#upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.once('error', () => to.destroy());
      from.once('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    const reader = new StatementReader((text) => this.onStatement(text));
    client.on('data', (chunk: Buffer) => {
      reader.read(chunk);
      upstream.write(chunk);
    });
    upstream.pipe(client);
  }
}

/** Finds the statements that a client runs, once or often. The first message of a connection has no type. */
class StatementReader {
  readonly #tell: (text: string) => void;
  /** By name; that without one is of the next run alone. */
  readonly #prepared = new Map<string, string>();
  #rest = Buffer.alloc(0);
  #isStarted = false;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.#isStarted ? 1 : 0;
      if (this.#rest.length < head + 4) return;
      const end = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < end) return;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      if (this.#isStarted) this.#statement(message);
      this.#isStarted = true;
    }
  }

  #statement(message: Buffer): void {
    const type = String.fromCharCode(message.readUInt8(0));
    if (type !== QUERY && type !== PARSE && type !== BIND) return;
    const [first = '', second = ''] = message.subarray(5).toString('utf8').split('\0', 2);
    if (type === QUERY) this.#tell(first);
    // The name of a statement that is prepared comes first, that of one that is run after that of its portal.
    if (type === PARSE) this.#prepared.set(first, second);
    if (type === BIND) this.#tell(this.#prepared.get(second) ?? '');
  }
}
