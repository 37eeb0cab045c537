import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';
import { Reflector } from '@brainpod/kube/reflector';
import { WorkQueue } from '@brainpod/kube/work-queue';
import { MANAGED_BY_SELECTOR } from '../src/managed-kinds.ts';

type ContainerStatus = Record<string, unknown>;

/** How the k8s pods of an image go: their whole status, or null for one that nobody takes up. */
export type Behaviour = (k8sPod: KubeObject) => Record<string, unknown> | null;

const IMAGE_ID = 'image@sha256:0000000000000000000000000000000000000000000000000000000000000000';

/**
 * Writes the status of k8s pods and of the gateway as a node and a gateway controller do, since the API server under
 * test has neither. The image's name decides how a k8s pod goes.
 */
export class StandInNode {
  readonly #kube: KubeClient;
  readonly #behaviours: Record<string, Behaviour>;
  readonly #reflectors: Reflector<KubeObject>[] = [];
  readonly #queue: WorkQueue;
  readonly #gatewayActs: boolean;

  constructor(
    kube: KubeClient,
    behaviours: Record<string, Behaviour>,
    options: { gatewayActs?: boolean } = {},
  ) {
    this.#kube = kube;
    this.#behaviours = behaviours;
    this.#gatewayActs = options.gatewayActs ?? true;
    this.#queue = new WorkQueue({
      work: async (key) => {
        await this.#act(key);
        return undefined;
      },
      // What it works on may be gone at any time; the next look finds that out.
      onError: () => undefined,
      concurrency: 8,
      backOff: { baseMs: 20, maxMs: 200 },
    });
  }

  start(): void {
    const gatewayApi = 'gateway.networking.k8s.io/v1';
    this.#watch('v1', 'Pod');
    if (!this.#gatewayActs) return;
    this.#watch(gatewayApi, 'HTTPRoute');
    this.#watch(gatewayApi, 'Gateway');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    await this.#queue.stop();
  }

  #watch(apiVersion: string, kind: string): void {
    const reflector = new Reflector<KubeObject>({
      client: this.#kube,
      query: { apiVersion, kind, labelSelector: MANAGED_BY_SELECTOR },
      project: (object) => object,
      onChange: (key, now) => {
        if (now !== undefined) this.#queue.add(key);
      },
      onError: () => undefined,
      resyncIntervalMs: 60_000,
      backOff: { baseMs: 50, maxMs: 500 },
    });
    reflector.start();
    this.#reflectors.push(reflector);
  }

  async #act(key: string): Promise<void> {
    const object = this.#reflectors
      .map((reflector) => reflector.get(key))
      .find((found) => found !== undefined);
    if (object === undefined) return;
    if (object.kind === 'Pod') await this.#actOnPod(object);
    else
      await this.#writeStatus(
        object,
        object.kind === 'Gateway' ? gatewayStatus(object) : routeStatus(object),
      );
  }

  async #actOnPod(k8sPod: KubeObject): Promise<void> {
    if (k8sPod.metadata.deletionTimestamp !== undefined) {
      await this.#kube.delete(k8sPod, { gracePeriodSeconds: 0 });
      return;
    }
    const behave = this.#behaviours[imageOf(k8sPod)] ?? running;
    const status = behave(k8sPod);
    if (status === null) return;
    if (isRecord(k8sPod.spec) && k8sPod.spec.nodeName === undefined && status.unscheduled !== true) {
      await this.#bind(k8sPod);
    }
    const { unscheduled: _unscheduled, ...written } = status;
    await this.#writeStatus(k8sPod, written);
  }

  async #bind({ metadata: { name, namespace } }: KubeObject): Promise<void> {
    try {
      await this.#kube.create({
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
        target: { apiVersion: 'v1', kind: 'Node', name: 'stand-in' },
      });
    } catch (error) {
      // It has a node already: the cache was behind.
      if (!(error instanceof KubeError) || error.status !== 409) throw error;
    }
  }

  async #writeStatus(object: KubeObject, status: Record<string, unknown>): Promise<void> {
    if (isPartOf(status, object.status)) return;
    await this.#kube.patch(object, { status }, 'merge', 'status');
  }
}

export function imageOf(k8sPod: KubeObject): string {
  const containers = isRecord(k8sPod.spec) ? k8sPod.spec.containers : undefined;
  const first: unknown = Array.isArray(containers) ? containers[0] : undefined;
  return isRecord(first) ? String(first.image) : '';
}

export function running(k8sPod: KubeObject): Record<string, unknown> {
  return podStatus(k8sPod, {
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  });
}

export function neverReady(k8sPod: KubeObject): Record<string, unknown> {
  return podStatus(k8sPod, {
    ready: false,
    restartCount: 0,
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  });
}

export function crashing(restarts: number): Behaviour {
  const ended = {
    exitCode: 1,
    reason: 'Error',
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:00:01Z',
  };
  return (k8sPod) =>
    podStatus(k8sPod, {
      ready: false,
      restartCount: restarts,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container' } },
      lastState: { terminated: ended },
    });
}

export function unpullable(message: string): Behaviour {
  return (k8sPod) =>
    podStatus(k8sPod, {
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'ErrImagePull', message } },
    });
}

function podStatus(k8sPod: KubeObject, container: ContainerStatus): Record<string, unknown> {
  const ready = container.ready === true;
  const condition = (type: string, holds: boolean): Record<string, unknown> => ({
    type,
    status: holds ? 'True' : 'False',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  return {
    phase: 'Running',
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    containerStatuses: [
      { name: 'app', image: imageOf(k8sPod), imageID: IMAGE_ID, started: ready, ...container },
    ],
  };
}

function gatewayStatus({ metadata }: KubeObject): Record<string, unknown> {
  return { conditions: ['Accepted', 'Programmed'].map((type) => holds(type, metadata.generation ?? 0)) };
}

function routeStatus({ metadata, spec }: KubeObject): Record<string, unknown> {
  const refs = isRecord(spec) && Array.isArray(spec.parentRefs) ? spec.parentRefs : [];
  return {
    parents: refs.map((parentRef) => ({
      parentRef,
      controllerName: 'brainpod.io/stand-in',
      conditions: ['Accepted', 'ResolvedRefs'].map((type) => holds(type, metadata.generation ?? 0)),
    })),
  };
}

function holds(type: string, observedGeneration: number): Record<string, unknown> {
  const at = { lastTransitionTime: '2026-01-01T00:00:00Z' };
  return { type, status: 'True', reason: type, message: '', observedGeneration, ...at };
}

/** Whether everything that `part` states holds in `whole`. */
function isPartOf(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) &&
      part.length === whole.length &&
      part.every((item, i) => isPartOf(item, whole[i]))
    );
  }
  if (isRecord(part)) {
    return isRecord(whole) && Object.entries(part).every(([field, value]) => isPartOf(value, whole[field]));
  }
  return part === whole;
}
