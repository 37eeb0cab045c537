import pg from 'pg';
import { PreparingClient } from './preparing-client.ts';

/** Where PostgreSQL is: a URL, or a unix socket's directory (or host name) with user and database. */
export type Connection = { url: string } | { host: string; user: string; database: string };

/** What the store tells about its connections; pino's loggers fit. */
export type StoreLogger = { warn(fields: object, message: string): void };

const CONNECT_TIMEOUT_MS = 5_000;

// No statement of ours is meant to take seconds. Whoever waits longer than this for a lock or an answer gets an
// error that says "try again", and nothing stays locked by a transaction whose server hangs.
const SESSION_SETTINGS = {
  statement_timeout: 15_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
};

/** The settings of one client for this database. */
export function clientConfig(connection: Connection): pg.ClientConfig {
  const place =
    'url' in connection
      ? { connectionString: connection.url }
      : { host: connection.host, user: connection.user, database: connection.database };
  return {
    ...place,
    application_name: 'brainpod',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  };
}

/** A pool that outlives restarts of PostgreSQL: a lost client is replaced at its next use. */
export function openPool(connection: Connection, maxConnections: number, logger: StoreLogger): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(connection),
    ...SESSION_SETTINGS,
    Client: PreparingClient,
    max: maxConnections,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', (error) => {
    logger.warn(
      { error: error.message },
      'lost an idle connection to PostgreSQL; the next request makes a new one',
    );
  });
  pool.on('connect', (client) => {
    // A client that is lost while it is in use tells whoever waits for its answer. It also says so here, and where
    // nobody listens Node would end the process.
    client.on('error', () => undefined);
  });
  return pool;
}
