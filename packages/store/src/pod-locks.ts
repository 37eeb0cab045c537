import type pg from 'pg';
import type { Connection, StoreLogger } from './connection.ts';
import { DedicatedConnection } from './dedicated-connection.ts';

export type LockOutcome<T> = { held: true; value: T } | { held: false };

/** Thrown when the lock went away with its connection while the work was going on. */
export class PodLockLost extends Error {
  override readonly name = 'PodLockLost';
}

/**
 * Locks on pods between servers: PostgreSQL's advisory locks on one connection of their own. When the connection
 * dies, so do its locks, so that no crashed server keeps a pod locked.
 */
export class PodLocks {
  readonly #connection: DedicatedConnection;
  // PostgreSQL lets one session take the same lock again; within this process we must refuse that ourselves.
  readonly #held = new Map<string, AbortController>();

  constructor(options: { connection: Connection; logger: StoreLogger }) {
    this.#connection = new DedicatedConnection({
      ...options,
      purpose: 'locks on pods',
      onDown: () => {
        for (const [podId, controller] of this.#held) {
          controller.abort(new PodLockLost(`the lock on pod ${podId} was lost with its connection`));
        }
      },
    });
  }

  /**
   * Does the work while no other server, and nobody else in this one, does any on the pod; else does nothing.
   * `signal` tells the work that the lock was lost; then this throws PodLockLost, whatever the work returned.
   */
  async withLock<T>(podId: string, work: (signal: AbortSignal) => Promise<T>): Promise<LockOutcome<T>> {
    if (this.#held.has(podId)) return { held: false };
    const controller = new AbortController();
    this.#held.set(podId, controller);
    try {
      const client = await this.#connected();
      if (!(await this.#tryLock(client, podId))) return { held: false };
      controller.signal.throwIfAborted();
      try {
        const value = await work(controller.signal);
        controller.signal.throwIfAborted();
        return { held: true, value };
      } finally {
        await this.#unlock(client, podId);
      }
    } finally {
      this.#held.delete(podId);
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #connected(): Promise<pg.Client> {
    await this.#connection.start();
    const { client } = this.#connection;
    if (client === null)
      throw new Error('Connection terminated: no connection to PostgreSQL for locks on pods');
    return client;
  }

  /** A lock that cannot be given back would stay until the connection ends, so then it is ended. */
  async #unlock(client: pg.Client, podId: string): Promise<void> {
    if (this.#connection.client !== client) return;
    try {
      await this.#connection.query(client, 'select pg_advisory_unlock(hashtextextended($1, 0))', [podId]);
    } catch (error) {
      this.#connection.drop(error);
    }
  }

  async #tryLock(client: pg.Client, podId: string): Promise<boolean> {
    const { rows } = await this.#connection.query<{ locked: boolean }>(
      client,
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [podId],
    );
    return rows[0]?.locked === true;
  }
}
