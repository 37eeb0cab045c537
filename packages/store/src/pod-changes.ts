import type { Connection, StoreLogger } from './connection.ts';
import { DedicatedConnection } from './dedicated-connection.ts';

/**
 * What is heard of: `pod` is a revision that appeared or changed its state, or the pod itself; `status` is what is known
 * of its resources.
 */
export type PodChangeTopic = 'pod' | 'status';

const CHANNELS: Record<PodChangeTopic, string> = {
  pod: 'brainpod_pod_changed',
  status: 'brainpod_status_changed',
};

export type PodChangeListener = (podId: string) => void;

/**
 * Tells when something about a pod changed, on whichever server. What happens while nobody is
 * connected is not lost: each time the connection comes up, every pod is reported as changed.
 */
export class PodChanges {
  readonly #listeners = new Set<{ topic: PodChangeTopic; listener: PodChangeListener }>();
  readonly #connection: DedicatedConnection;
  readonly #logger: StoreLogger;

  constructor(options: { connection: Connection; logger: StoreLogger }) {
    this.#logger = options.logger;
    this.#connection = new DedicatedConnection({
      ...options,
      purpose: 'hearing of changes',
      onUp: async (client) => {
        client.on('notification', (message) => {
          const { payload, channel } = message;
          if (payload !== undefined) this.#tell(channel === CHANNELS.status ? 'status' : 'pod', payload);
        });
        for (const channel of Object.values(CHANNELS)) await client.query(`listen ${channel}`);
        const { rows } = await client.query<{ id: string }>('select id from pod');
        for (const { id } of rows) this.#tell('pod', id);
        for (const { id } of rows) this.#tell('status', id);
      },
    });
  }

  /** Calls the listener from now on; returns what ends that. */
  subscribe(listener: PodChangeListener, topic: PodChangeTopic = 'pod'): () => void {
    // An object of its own: the same listener may be subscribed twice.
    const entry = { topic, listener };
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

  #tell(about: PodChangeTopic, podId: string): void {
    for (const { topic, listener } of this.#listeners) {
      if (topic !== about) continue;
      try {
        listener(podId);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.#logger.warn({ podId, error: text }, 'a listener for pod changes failed');
      }
    }
  }
}
