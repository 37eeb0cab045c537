import { KubeClient } from '@brainpod/kube/client';
import { preflight } from '@brainpod/reconciler/preflight';
import type { Settings } from '@brainpod/supervisor/settings';
import { pause } from '@brainpod/supervisor/wait';
import type { StageHandle } from './progress.ts';

const GATEWAY_TIMEOUT_MS = 60_000;
const LOOPBACK = '127.0.0.1';

/** Where the gateway is reached: on this machine itself, or at the address that the cluster's Gateway shows. */
export async function gatewayAddress(settings: Settings): Promise<string> {
  if (settings.kubeconfig === undefined) return LOOPBACK;
  const client = await KubeClient.fromKubeconfig(settings.kubeconfig);
  const reference = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'brainpod', namespace: 'brainpod-system' },
  };
  const deadline = performance.now() + GATEWAY_TIMEOUT_MS;
  for (;;) {
    const address = firstAddress((await client.get(reference))?.status);
    if (address !== null) return address;
    if (performance.now() > deadline) {
      throw new Error(
        `The cluster's Gateway has no address after ${GATEWAY_TIMEOUT_MS / 1000} s. Does the controller of ` +
          `GatewayClass "${settings.gatewayClass}" run? Name another one with --gateway-class.`,
      );
    }
    await pause(250);
  }
}

function firstAddress(status: unknown): string | null {
  if (typeof status !== 'object' || status === null || !('addresses' in status)) return null;
  const { addresses } = status;
  const [first]: unknown[] = Array.isArray(addresses) ? addresses : [];
  if (typeof first !== 'object' || first === null || !('value' in first)) return null;
  return typeof first.value === 'string' && first.value !== '' ? first.value : null;
}

/**
 * Whether an existing cluster has what Brainpod needs. Throws with everything that it lacks; what is only a pity is
 * said.
 */
export async function checkCluster(
  settings: Settings,
  handle: StageHandle,
  say: (line: string) => void,
): Promise<void> {
  const client = await KubeClient.fromKubeconfig(settings.kubeconfig ?? '');
  const findings = await preflight(client, { gatewayClass: settings.gatewayClass });
  const lines = (severity: 'error' | 'warning'): string[] =>
    findings.filter((finding) => finding.severity === severity).map(({ message }) => `  - ${message}`);
  const errors = lines('error');
  if (errors.length > 0) {
    throw new Error(`This cluster cannot run Brainpod yet. Nothing has been started.\n${errors.join('\n')}`);
  }
  for (const warning of [...lines('warning'), ...registryReach(settings)]) say(warning);
  handle.outcome(`Kubernetes ${(await client.serverVersion()).gitVersion}`);
}

/** Images that are built here are pulled from here: nodes elsewhere do not reach a loopback address. */
function registryReach(settings: Settings): string[] {
  if (!settings.listenAddress.startsWith('127.')) return [];
  return [
    `  - The registry listens on ${settings.listenAddress} only: nodes on other machines cannot pull what is built here. ` +
      `Give --listen an address that they reach, and have ${settings.registryHost} lead there.`,
  ];
}
