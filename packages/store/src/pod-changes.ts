import type { Connection, StoreLogger } from './connection.ts';
import { DedicatedConnection } from './dedicated-connection.ts';

const CHANNEL = 'brainpod_pod_changed';

export type PodChangeListener = (podId: string) => void;

/**
 * Tells when a revision of a pod appeared or changed its state, on whichever server. What happens while nobody is
 * connected is not lost: each time the connection comes up, every pod is reported as changed.
 */
export class PodChanges {
  readonly #listeners = new Set<PodChangeListener>();
  readonly #connection: DedicatedConnection;
  readonly #logger: StoreLogger;

  constructor(options: { connection: Connection; logger: StoreLogger }) {
    this.#logger = options.logger;
    this.#connection = new DedicatedConnection({
      ...options,
      purpose: 'hearing of changes',
      onUp: async (client) => {
        client.on('notification', (message) => {
          if (message.payload !== undefined) this.#tell(message.payload);
        });
        await client.query(`listen ${CHANNEL}`);
        const { rows } = await client.query<{ id: string }>('select id from pod');
        for (const { id } of rows) this.#tell(id);
      },
    });
  }

  /** Calls the listener from now on; returns what ends that. */
  subscribe(listener: PodChangeListener): () => void {
    // A function of its own: the same listener may be subscribed twice.
    const entry: PodChangeListener = (podId) => listener(podId);
    this.#listeners.add(entry);
    void this.#connection.start();
    return () => {
      this.#listeners.delete(entry);
    };
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return this.#connection.close();
  }

  #tell(podId: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(podId);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.#logger.warn({ podId, error: text }, 'a listener for pod changes failed');
      }
    }
  }
}
