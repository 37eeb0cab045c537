import { KubeClient } from '@brainpod/kube/client';
import { kubeconfigCredentials } from '@brainpod/kube/credentials';
import { HttpsTransport, type Transport } from '@brainpod/kube/transport';
import { waitFor } from '@brainpod/testkit/wait-for';
import type { Logger, PullSecrets } from '../src/ports.ts';
import { type Reconciler, type ReconcilerOptions, startReconciler } from '../src/reconciler.ts';
import { PLATFORM } from './documents.ts';
import { MemoryStore } from './memory-store.ts';
import { type Behaviour, StandInNode } from './stand-in-node.ts';

export const PULL_SECRETS: PullSecrets = {
  dockerConfigJson: ({ name }, { credentials }) => {
    const others = credentials.map(({ registry, username }) => [registry, { username }]);
    return JSON.stringify({ auths: { [`for-${name}`]: {}, ...Object.fromEntries(others) } });
  },
};

export type LogLine = { level: string; fields: object; message: string };

/** A reconciler on a real API server, with what a test needs around it. */
export type Harness = {
  store: MemoryStore;
  /** A client of the test's own: nothing that it does is counted or broken. */
  kube: KubeClient;
  log: LogLine[];
  /** Starts another reconciler on the same store and cluster, as after a crash. */
  restart(): Promise<void>;
  reconciler(): Reconciler;
  stop(): Promise<void>;
};

export type HarnessOptions = Partial<
  Pick<ReconcilerOptions, 'deployTimeoutMs' | 'resyncIntervalMs' | 'clock' | 'platform'>
> & {
  kubeconfig: string;
  store?: MemoryStore;
  behaviours?: Record<string, Behaviour>;
  gatewayActs?: boolean;
  /** Stands between the reconciler and the cluster. */
  wrap?: (transport: Transport) => Transport;
};

export async function startHarness(options: HarnessOptions): Promise<Harness> {
  const credentials = await kubeconfigCredentials(options.kubeconfig);
  const plain = new HttpsTransport(credentials);
  const kube = new KubeClient(plain);
  const store = options.store ?? new MemoryStore();
  const log: LogLine[] = [];
  const node = new StandInNode(kube, options.behaviours ?? {}, { gatewayActs: options.gatewayActs ?? true });
  node.start();
  const start = (): Reconciler =>
    startReconciler({
      store,
      kube: new KubeClient(options.wrap?.(plain) ?? plain),
      platform: options.platform ?? PLATFORM,
      pullSecrets: PULL_SECRETS,
      logger: collectLog(log),
      clock: options.clock ?? { now: () => new Date() },
      deployTimeoutMs: options.deployTimeoutMs ?? 20_000,
      resyncIntervalMs: options.resyncIntervalMs ?? 60_000,
    });
  let reconciler = start();
  return {
    store,
    kube,
    log,
    reconciler: () => reconciler,
    async restart(): Promise<void> {
      await reconciler.stop();
      reconciler = start();
    },
    async stop(): Promise<void> {
      await reconciler.stop();
      await node.stop();
      kube.close();
    },
  };
}

/** Waits until nothing is running or waiting to run, and nothing was written for a while. */
export async function settle(harness: Harness): Promise<void> {
  let last = '';
  let since = performance.now();
  await waitFor(
    () => {
      const { queue, writes } = harness.reconciler().stats();
      const now = JSON.stringify([writes.applied, writes.deleted, queue.done]);
      if (now !== last || queue.running + queue.waiting > 0) {
        last = now;
        since = performance.now();
      }
      return performance.now() - since > 400;
    },
    { timeoutMs: 20_000, what: 'the reconciler to come to rest' },
  );
}

export async function waitForState(
  harness: Harness,
  revisionId: string,
  state: string,
  timeoutMs = 15_000,
): Promise<void> {
  try {
    await waitFor(
      () => {
        const now = harness.store.revision(revisionId).state;
        if (now !== state && (now === 'failed' || now === 'deployed')) throw new Error(`it is ${now}`);
        return now === state;
      },
      { timeoutMs, what: state },
    );
  } catch (cause) {
    const seen = {
      revision: harness.store.revision(revisionId),
      log: harness.log,
      stats: harness.reconciler().stats(),
    };
    throw new Error(`${revisionId} did not become ${state}: ${JSON.stringify(seen, null, 1)}`, { cause });
  }
}

function collectLog(log: LogLine[]): Logger {
  const line =
    (level: string) =>
    (fields: object, message: string): void => {
      log.push({ level, fields, message });
    };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}
