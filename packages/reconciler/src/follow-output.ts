import { PassThrough } from 'node:stream';
import { KIND_LABEL, NAME_LABEL, POD_LABEL } from '@brainpod/compiler/labels';
import { APP_CONTAINER_NAME, namespaceName } from '@brainpod/compiler/names';
import { backOffMs, pause } from '@brainpod/kube/back-off';
import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';
import { Reflector } from '@brainpod/kube/reflector';
import { textLines } from '@brainpod/kube/text-lines';
import { K8S_POD } from './managed-kinds.ts';
import { compareInstants, parseOutputLine } from './output-line.ts';

export type OutputLine = { instance: string; at: string; text: string };

export type OutputRequest = {
  podName: string;
  app: string;
  /** Lines of each instance to begin with, at most. */
  tail: number;
  /** Only lines from this instant on, ISO 8601. */
  since?: string;
  follow: boolean;
};

/** An instance, with the id of the container whose output there is: each start of a program makes a new one. */
type Instance = { name: string; containerId: string; isRunning: boolean };

// What nobody reads yet; then instances wait.
const BUFFERED_LINES = 1_000;
const RETRY = { baseMs: 250, maxMs: 5_000 };
const RESYNC_INTERVAL_MS = 60_000;
const EARLIEST = new Date(0).toISOString();

/**
 * Follows what all instances of an App write. Instances that start later join, ended ones leave, and what breaks off
 * goes on where it was. Rejects with KubeError when the cluster does not answer at first; the lines end with `signal`
 * or, when not following, with what there is.
 */
export async function followOutput(
  kube: KubeClient,
  request: OutputRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<OutputLine>> {
  const query = {
    ...K8S_POD,
    namespace: namespaceName(request.podName),
    labelSelector: [
      `${POD_LABEL}=${request.podName}`,
      `${KIND_LABEL}=app`,
      `${NAME_LABEL}=${request.app}`,
    ].join(','),
  };
  const { items } = await kube.list({ ...query, signal });
  return new Follower(kube, request, signal).lines(query, items.map(instanceOf));
}

class Follower {
  readonly #kube: KubeClient;
  readonly #request: OutputRequest;
  readonly #signal: AbortSignal;
  readonly #lines = new PassThrough({ objectMode: true, highWaterMark: BUFFERED_LINES });
  readonly #containers = new Map<string, string>();
  readonly #reading = new Map<string, Promise<void>>();

  constructor(kube: KubeClient, request: OutputRequest, signal: AbortSignal) {
    this.#kube = kube;
    this.#request = request;
    this.#signal = signal;
  }

  async *lines(
    query: { apiVersion: string; kind: string; namespace: string; labelSelector: string },
    present: Instance[],
  ): AsyncGenerator<OutputLine> {
    for (const instance of present) this.#see(instance, true);
    const reflector = new Reflector<Instance>({
      client: this.#kube,
      query,
      project: instanceOf,
      onChange: (_key, now) => {
        if (now !== undefined) this.#see(now, false);
      },
      // It tries again by itself, for as long as somebody looks on.
      onError: () => undefined,
      resyncIntervalMs: RESYNC_INTERVAL_MS,
    });
    if (this.#request.follow) reflector.start();
    else void Promise.all(this.#reading.values()).then(() => this.#lines.end());
    const onOver = () => this.#lines.end();
    if (this.#signal.aborted) onOver();
    this.#signal.addEventListener('abort', onOver, { once: true });
    try {
      for await (const line of this.#lines) yield line;
    } finally {
      this.#signal.removeEventListener('abort', onOver);
      this.#lines.destroy();
      await reflector.stop();
    }
  }

  /** Begins to read a container that was not read before, when the one before it in the same instance is at its end. */
  #see(instance: Instance, isFirstLook: boolean): void {
    const { name, containerId } = instance;
    if (containerId === '' || this.#containers.get(name) === containerId) return;
    this.#containers.set(name, containerId);
    const before = this.#reading.get(name) ?? Promise.resolve();
    // Of what starts while we look on, everything is new.
    const tail = isFirstLook ? this.#request.tail : undefined;
    this.#reading.set(
      name,
      before.then(() => this.#read(instance, tail)),
    );
  }

  async #read(instance: Instance, tail: number | undefined): Promise<void> {
    let last: string | null = null;
    for (let failures = 0; this.#isWanted(instance); failures++) {
      // What was sent already is not sent again; what was asked for from an instant on includes that instant.
      const from = last ?? this.#request.since;
      const least = last === null ? 0 : 1;
      try {
        const chunks = await this.#kube.streamLog({
          namespace: namespaceName(this.#request.podName),
          pod: instance.name,
          container: APP_CONTAINER_NAME,
          follow: this.#request.follow,
          signal: this.#signal,
          ...(tail === undefined || last !== null ? {} : { tailLines: tail }),
          ...(from === undefined ? {} : { sinceTime: wholeSecond(from) }),
        });
        for await (const line of textLines(chunks)) {
          const { at, text } = parseOutputLine(line, last ?? EARLIEST);
          // The cluster counts in seconds only.
          if (from !== undefined && compareInstants(at, from) < least) continue;
          await this.#write({ instance: instance.name, at, text });
          last = at;
        }
        // A node that goes away ends a stream just as a program does that ends.
        if (!this.#request.follow || !(await this.#isRunning(instance))) return;
      } catch (error) {
        // Over, or the instance is gone, or it never started: none of them is a fault of the stream.
        if (this.#lines.destroyed || this.#signal.aborted || !isPassing(error)) return;
      }
      await pause(backOffMs(failures, RETRY), this.#signal);
    }
  }

  async #isRunning({ name, containerId }: Instance): Promise<boolean> {
    const metadata = { name, namespace: namespaceName(this.#request.podName) };
    const object = await this.#kube.get({ ...K8S_POD, metadata });
    if (object === null) return false;
    const now = instanceOf(object);
    return now.containerId === containerId && now.isRunning;
  }

  #isWanted({ name, containerId }: Instance): boolean {
    return !this.#signal.aborted && !this.#lines.destroyed && this.#containers.get(name) === containerId;
  }

  /** Waits while nobody reads. */
  async #write(line: OutputLine): Promise<void> {
    if (this.#lines.writableEnded || this.#lines.destroyed || this.#lines.write(line)) return;
    await new Promise<void>((resolve) => {
      this.#lines.once('drain', resolve);
      this.#lines.once('close', resolve);
    });
  }
}

function isPassing(error: unknown): boolean {
  // A connection that breaks in the middle of a stream is no answer of the cluster's at all.
  return !(error instanceof KubeError) || error.retryable;
}

function instanceOf({ metadata, status }: KubeObject): Instance {
  const statuses =
    isRecord(status) && Array.isArray(status.containerStatuses) ? status.containerStatuses : [];
  const app = statuses.filter(isRecord).find((container) => container.name === APP_CONTAINER_NAME);
  const containerId = app?.containerID;
  const state = isRecord(app?.state) ? app.state : {};
  return {
    name: metadata.name,
    containerId: typeof containerId === 'string' ? containerId : '',
    isRunning: state.running !== undefined,
  };
}

function wholeSecond(instant: string): string {
  return new Date(Math.floor(Date.parse(instant) / 1000) * 1000).toISOString();
}
