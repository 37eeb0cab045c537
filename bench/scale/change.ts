import { APP_CONTAINER_NAME, namespaceName } from '@brainpod/compiler/names';
import type { KubeClient } from '@brainpod/kube/client';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';
import { Reflector } from '@brainpod/kube/reflector';
import type { Store } from '@brainpod/store/store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { VERSION_VARIABLE } from './documents.ts';
import { changeApp, deploy, isDeployed, type PopulatedPod } from './population.ts';

const TIMEOUT_MS = 120_000;
const POLL_MS = 5;

/** From the call to deploy on: until the cluster holds the change, and until the revision is `deployed`. Milliseconds. */
export type Changes = { appliedMs: number[]; deployedMs: number[] };

/** Changes one App after the other, each in another pod, while all the rest is at rest. */
export async function measureChanges(parts: {
  store: Store;
  kube: KubeClient;
  pods: readonly PopulatedPod[];
  rounds: number;
}): Promise<Changes> {
  const watch = new VersionWatch(parts.kube);
  await watch.start();
  const measured: Changes = { appliedMs: [], deployedMs: [] };
  try {
    for (let round = 0; round < parts.rounds; round++) {
      const pod = parts.pods[(round * 7) % parts.pods.length];
      const app = pod?.apps[round % pod.apps.length];
      if (pod === undefined || app === undefined) throw new Error('there is no app to change');
      await changeApp(parts.store, pod.id, app, round + 1);
      const began = performance.now();
      const applied = watch.holds(`${namespaceName(pod.name)}/${app}`, String(round + 1));
      const revisionId = await deploy(parts.store, pod.id);
      measured.appliedMs.push((await applied) - began);
      await waitFor(() => isDeployed(parts.store, pod.id, revisionId), {
        timeoutMs: TIMEOUT_MS,
        what: `${app} in ${pod.name} to be deployed`,
        everyMs: POLL_MS,
      });
      measured.deployedMs.push(performance.now() - began);
    }
    return measured;
  } finally {
    await watch.stop();
  }
}

/** Sees which version of an App the cluster holds. */
class VersionWatch {
  readonly #reflector: Reflector<string>;
  readonly #awaited = new Map<string, { version: string; seen: (atMs: number) => void }>();

  constructor(client: KubeClient) {
    this.#reflector = new Reflector<string>({
      client,
      query: { apiVersion: 'apps/v1', kind: 'Deployment' },
      project: (deployment) => {
        const version = versionOf(deployment);
        this.#tell(`${deployment.metadata.namespace}/${deployment.metadata.name}`, version);
        return version;
      },
      onChange: () => undefined,
      onError: (error) => console.warn(`watching: ${error.message}`),
      resyncIntervalMs: 3_600_000,
    });
  }

  async start(): Promise<void> {
    this.#reflector.start();
    await this.#reflector.synced;
  }

  stop(): Promise<void> {
    return this.#reflector.stop();
  }

  /** Resolves with the time (performance.now) at which the cluster told of this version. */
  holds(deployment: string, version: string): Promise<number> {
    return new Promise((seen) => this.#awaited.set(deployment, { version, seen }));
  }

  #tell(deployment: string, version: string): void {
    const awaited = this.#awaited.get(deployment);
    if (awaited?.version !== version) return;
    this.#awaited.delete(deployment);
    awaited.seen(performance.now());
  }
}

function versionOf({ spec }: KubeObject): string {
  const template = isRecord(spec) && isRecord(spec.template) ? spec.template.spec : undefined;
  const containers = isRecord(template) && Array.isArray(template.containers) ? template.containers : [];
  const app: unknown = containers.find((one) => isRecord(one) && one.name === APP_CONTAINER_NAME);
  const env = isRecord(app) && Array.isArray(app.env) ? app.env : [];
  const entry: unknown = env.find((one) => isRecord(one) && one.name === VERSION_VARIABLE);
  return isRecord(entry) ? String(entry.value) : '';
}
