import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { KubeClient } from '@brainpod/kube/client';
import { until } from '../../e2e/brainpod.ts';

type Part = { name: string; pid?: number; state: string };

const READY_TIMEOUT_MS = 90_000;
const STATUS_URL = 'http://127.0.0.1:4600/status.json';

/** What is killed in a rehearsal, in this order, and whether it is on the way of a request. */
export const VICTIMS: readonly { name: string; what: string; isOnTheWay: boolean }[] = [
  { name: 'app', what: 'the app’s process', isOnTheWay: true },
  { name: 'kubelet', what: 'kubelet', isOnTheWay: false },
  { name: 'containerd', what: 'containerd', isOnTheWay: false },
  { name: 'etcd', what: 'etcd', isOnTheWay: false },
  { name: 'kube-apiserver', what: 'kube-apiserver', isOnTheWay: false },
  { name: 'network-policies', what: 'network-policies', isOnTheWay: false },
  { name: 'envoy', what: 'envoy', isOnTheWay: true },
  { name: 'envoy-gateway', what: 'envoy-gateway', isOnTheWay: false },
  { name: 'server', what: 'server', isOnTheWay: false },
  { name: 'postgres', what: 'postgres', isOnTheWay: false },
  { name: 'engine', what: 'engine', isOnTheWay: false },
];

const OWNED_BY_SUPERVISOR = ['server', 'postgres', 'engine'];

/** Finds the processes of a running Brainpod. */
export class Victims {
  readonly #place: { runDir: string };
  readonly #appNamespace: string;

  /** `appNamespace` is where the app runs that may be killed. */
  constructor(place: { runDir: string }, appNamespace = '') {
    this.#place = place;
    this.#appNamespace = appNamespace;
  }

  /** The pid of a part that is ready; of one of them for the app. */
  async pidOf(name: string): Promise<number> {
    if (name === 'app') return this.#appPid();
    const parts = OWNED_BY_SUPERVISOR.includes(name)
      ? await this.#parts('status.json', 'processes')
      : await this.#parts('engine/status.json', 'components');
    const part = parts.find((candidate) => candidate.name === name);
    if (!part?.pid || part.state !== 'ready') throw new Error(`${name} is not ready`);
    return part.pid;
  }

  async envoyBinary(): Promise<string> {
    const text = await readFile(path.join(this.#place.runDir, 'engine/config.json'), 'utf8');
    const { envoyBinary }: { envoyBinary: string } = JSON.parse(text);
    return envoyBinary;
  }

  /** Waits until every part is ready, so that one kill does not run into the one before. */
  async allReady(): Promise<void> {
    await until('everything ready', READY_TIMEOUT_MS, async () => {
      const { ready }: { ready: boolean } = JSON.parse(await (await fetch(STATUS_URL)).text());
      return ready;
    });
  }

  async #parts(file: string, field: 'processes' | 'components'): Promise<Part[]> {
    const status: Partial<Record<typeof field, Part[]>> = JSON.parse(
      await readFile(path.join(this.#place.runDir, file), 'utf8'),
    );
    return status[field] ?? [];
  }

  /** Found by its container, as other installations and apps may run the same command on this machine. */
  async #appPid(): Promise<number> {
    const kube = await KubeClient.fromKubeconfig(path.join(this.#place.runDir, 'engine/admin.kubeconfig'));
    try {
      const namespace = this.#appNamespace;
      const { items } = await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace });
      const containers = items.flatMap(({ status }) => containerIds(status));
      for (const entry of await readdir('/proc')) {
        if (!/^\d+$/.test(entry)) continue;
        const groups = await groupsOf(entry);
        if (containers.some((id) => groups.includes(id))) return Number(entry);
      }
      throw new Error(`no instance runs in ${namespace}`);
    } finally {
      kube.close();
    }
  }
}

/** The ids of the containers that run, by the status of a k8s pod. */
function containerIds(status: unknown): string[] {
  // What Kubernetes says of a pod; only these fields are looked at.
  const { containerStatuses = [] } = (status ?? {}) as {
    containerStatuses?: { containerID?: string; state?: { running?: object } }[];
  };
  return containerStatuses.flatMap(({ containerID, state }) =>
    containerID === undefined || state?.running === undefined
      ? []
      : [containerID.replace('containerd://', '')],
  );
}

/** Empty for a process that has ended meanwhile. */
async function groupsOf(pid: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/cgroup`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return '';
    throw error;
  }
}
