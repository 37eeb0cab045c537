import { KubeClient } from '@brainpod/kube/client';
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

/** Whether an existing cluster has what Brainpod needs. Throws with everything that it lacks. */
export async function checkCluster(settings: Settings, handle: StageHandle): Promise<void> {
  const client = await KubeClient.fromKubeconfig(settings.kubeconfig ?? '');
  const { gitVersion } = await client.serverVersion();
  handle.outcome(`Kubernetes ${gitVersion}`);
}
