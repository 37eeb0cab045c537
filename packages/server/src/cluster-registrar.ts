import type { ClusterCandidate, ClusterRegistrar } from '@brainpod/api/cluster-registrar';
import { KubeClient } from '@brainpod/kube/client';
import type { Fault } from '@brainpod/model/document';
import { type PreflightFinding, preflight } from '@brainpod/reconciler/preflight';
import type { TextSealer } from './sealed-text.ts';

const CHECK_TIMEOUT_MS = 15_000;

/** Takes clusters in: asks each what it lacks, and keeps its kubeconfig from everybody else. */
export function clusterRegistrar(sealer: TextSealer, settings: { gatewayClass: string }): ClusterRegistrar {
  return {
    check: (candidate) => checkCluster(candidate, settings.gatewayClass),
    seal: (clusterId, kubeconfig) => sealer.seal(clusterId, kubeconfig),
    open: (clusterId, sealed) => sealer.open(clusterId, sealed),
  };
}

type Verdict = { faults: Fault[]; warnings: Fault[] };

async function checkCluster(
  { kubeconfig, gatewayClass }: ClusterCandidate,
  ownGatewayClass: string,
): Promise<Verdict> {
  let kube: KubeClient;
  try {
    kube = await KubeClient.fromKubeconfigText(kubeconfig);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { faults: [{ path: 'kubeconfig', message: `Cannot be used: ${reason}.` }], warnings: [] };
  }
  try {
    const findings = await inTime(preflight(kube, { gatewayClass: gatewayClass ?? ownGatewayClass }));
    const of = (severity: PreflightFinding['severity']): Fault[] =>
      findings
        .filter((finding) => finding.severity === severity)
        .map(({ path, message }) => ({ path: path === 'gateway' ? 'gatewayClass' : 'kubeconfig', message }));
    return { faults: of('error'), warnings: of('warning') };
  } finally {
    kube.close();
  }
}

/** A cluster that is silent is told of as one that cannot be reached. */
async function inTime(findings: Promise<PreflightFinding[]>): Promise<PreflightFinding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PreflightFinding[]>((resolve) => {
    const message = `The cluster did not answer within ${CHECK_TIMEOUT_MS / 1000} seconds. Check the address in the kubeconfig, and the network.`;
    timer = setTimeout(() => resolve([{ path: 'cluster', severity: 'error', message }]), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([findings, late]);
  } finally {
    clearTimeout(timer);
  }
}
