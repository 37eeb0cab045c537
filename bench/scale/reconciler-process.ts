/**
 * The reconciler as the server runs it, alone in a process, with clocks around it. Started by reconciler.ts, which
 * it tells what it has seen.
 */
import { KubeClient } from '@brainpod/kube/client';
import { kubeconfigCredentials } from '@brainpod/kube/credentials';
import { HttpsTransport, type KubeRequest, type Transport } from '@brainpod/kube/transport';
import { type Reconciler, startReconciler } from '@brainpod/reconciler/reconciler';
import type { ReconcilerStore } from '@brainpod/store/reconcile';
import { openStore } from '@brainpod/store/store';
import { pino } from 'pino';
import { PLATFORM, PULL_SECRET } from './platform.ts';
import type { Answers, Question, Reconcile, Settings } from './reconciler-messages.ts';

// A burst of deploys on a slow machine is to be measured, not to fail.
const DEPLOY_TIMEOUT_MS = 900_000;

const reconciles: Reconcile[] = [];
const resyncsAtMs: number[] = [];
const calls: Record<string, number> = {};

// Written by reconciler.ts.
const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const store = openStore({ connection: settings.database });
const kube = new KubeClient(counted(new HttpsTransport(await kubeconfigCredentials(settings.kubeconfig))));
const reconciler = startReconciler({
  store: timed(store.reconciler),
  kube,
  platform: PLATFORM,
  pullSecrets: { dockerConfigJson: () => PULL_SECRET.dockerConfigJson },
  logger: pino({ level: 'warn' }),
  clock: { now: () => new Date() },
  deployTimeoutMs: DEPLOY_TIMEOUT_MS,
  resyncIntervalMs: settings.resyncIntervalMs,
});

const ANSWERS: { [Q in Question]: (of: Reconciler) => Answers[Q] } = {
  look(of) {
    const { complete, queue } = of.stats();
    const { user, system } = process.cpuUsage();
    return {
      isComplete: complete,
      isAtRest: queue.waiting + queue.running === 0,
      cpuMs: (user + system) / 1000,
    };
  },
  count(of) {
    const missed = Object.values(of.stats().watches).map(({ missedByWatch }) => missedByWatch);
    return { reconciles, resyncsAtMs, calls, missedByWatch: missed.reduce((sum, one) => sum + one, 0) };
  },
  forget() {
    reconciles.length = 0;
    resyncsAtMs.length = 0;
    for (const method of Object.keys(calls)) delete calls[method];
    return null;
  },
  weigh(of) {
    // What the first collection lets go of can only be let go of in the next.
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const cached = Object.values(of.stats().watches).map(({ objects }) => objects);
    return {
      rssMiB: rss / 2 ** 20,
      heapMiB: heapUsed / 2 ** 20,
      cachedObjects: cached.reduce((sum, one) => sum + one, 0),
    };
  },
};

process.on('message', (question: Question) => process.send?.(ANSWERS[question](reconciler)));
process.once('disconnect', () => process.exit());

/** The same store, with a clock around each look at a pod. */
function timed(inner: ReconcilerStore): ReconcilerStore {
  return new Proxy(inner, {
    get(target, name) {
      if (name === 'listPodIds') return () => listTimed(target);
      if (name === 'withPodLock') return lockTimed(target);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function listTimed(inner: ReconcilerStore): Promise<string[]> {
  resyncsAtMs.push(Date.now());
  return inner.listPodIds();
}

function lockTimed(inner: ReconcilerStore): ReconcilerStore['withPodLock'] {
  return async (podId, work) => {
    const began = performance.now();
    const outcome = await inner.withPodLock(podId, work);
    reconciles.push({ podId, endedAtMs: Date.now(), tookMs: performance.now() - began });
    return outcome;
  };
}

/** The same transport, with a count of what goes over it. */
function counted(inner: Transport): Transport {
  const count = ({ method }: KubeRequest): void => {
    calls[method] = (calls[method] ?? 0) + 1;
  };
  return {
    send(request) {
      count(request);
      return inner.send(request);
    },
    stream(request) {
      count(request);
      return inner.stream(request);
    },
    tunnel: (request) => inner.tunnel(request),
    close: () => inner.close(),
  };
}
