import pg from 'pg';
import { type Connection, clientConfig, type StoreLogger } from './connection.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
const HEARTBEAT_MS = 10_000;

type Options = {
  connection: Connection;
  logger: StoreLogger;
  /** What it is for, in the log. */
  purpose: string;
  /** Called with each new connection before it counts as up. A fault here drops the connection. */
  onUp?: (client: pg.Client) => Promise<void>;
  onDown?: () => void;
};

/**
 * One connection outside the pool, for what lives and dies with a connection. It comes back by itself, and asks
 * from time to time, so that one that silently went dead is found.
 */
export class DedicatedConnection {
  readonly #options: Options;
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #lastQuery: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The live connection, or null. */
  get client(): pg.Client | null {
    return this.#client;
  }

  /** Starts connecting, and keeps at it until `close`. Resolves after the first attempt, whatever came of it. */
  start(): Promise<void> {
    if (this.#closed || this.#client !== null) return Promise.resolve();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  /** Drops the connection, and with it all that lives in it; a new one is made. */
  drop(reason: unknown): void {
    const client = this.#client;
    if (client !== null) this.#lose(client, reason);
  }

  /** Asks over this client, after everything that was asked before: a client takes one query at a time. */
  query<R extends pg.QueryResultRow>(
    client: pg.Client,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<pg.QueryResult<R>> {
    const answer = this.#lastQuery.then(() => client.query<R>(text, [...values]));
    this.#lastQuery = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#connecting;
    const client = this.#client;
    if (client === null) return;
    this.#forget();
    this.#options.onDown?.();
    await client.end();
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...clientConfig(this.#options.connection), query_timeout: HEARTBEAT_MS });
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, new Error('the connection ended')));
    try {
      await client.connect();
      await this.#options.onUp?.(client);
    } catch (error) {
      this.#abandon(client);
      this.#retryLater(error);
      return;
    }
    if (this.#closed) {
      this.#abandon(client);
      return;
    }
    this.#client = client;
    this.#failures = 0;
    this.#heartbeat = setInterval(() => this.#beat(client), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  #beat(client: pg.Client): void {
    this.query(client, 'select 1').catch((error: unknown) => this.#lose(client, error));
  }

  #lose(client: pg.Client, reason: unknown): void {
    if (this.#client !== client) return;
    this.#forget();
    this.#abandon(client);
    this.#options.onDown?.();
    this.#retryLater(reason);
  }

  #forget(): void {
    this.#client = null;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }

  /** Closes a connection nobody waits for; that it fails to say goodbye changes nothing. */
  #abandon(client: pg.Client): void {
    client.end().catch((error: unknown) => this.#warn(error, 'could not close a connection to PostgreSQL'));
  }

  #retryLater(reason: unknown): void {
    if (this.#closed) return;
    const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    if (this.#failures === 0) this.#warn(reason, 'lost the connection to PostgreSQL; connecting again');
    this.#failures += 1;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.start(), pauseMs);
  }

  #warn(error: unknown, message: string): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn({ purpose: this.#options.purpose, error: text }, message);
  }
}
