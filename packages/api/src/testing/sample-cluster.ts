import type { Static } from 'typebox';
import { type ClusterInput, RegisteredCluster } from '../operator-schemas.ts';
import type { TestApi } from './test-api.ts';

export const KUBECONFIG = 'kubeconfig: with-a-secret-token';

/** A body that registers a cluster of a new name. */
export function sampleCluster(changes: Partial<Static<typeof ClusterInput>> = {}) {
  return {
    name: `cluster-${crypto.randomUUID()}`,
    provider: 'hetzner',
    country: 'DE',
    region: 'fsn1',
    architectures: ['amd64', 'arm64'],
    kubeconfig: KUBECONFIG,
    ...changes,
  };
}

/** Registers one through the API. */
export async function newCluster(api: TestApi, changes: Partial<Static<typeof ClusterInput>> = {}) {
  const json = sampleCluster(changes);
  const answer = await api.call({ method: 'POST', path: '/v1/operator/clusters', json });
  return answer.as(201, RegisteredCluster);
}

/** What the database holds of the kubeconfig of a cluster, and everything that was written to the audit log. */
export async function keptOf(api: TestApi, clusterId: string): Promise<{ sealed: Buffer; audit: string }> {
  const record = (await api.store.clusters.listAccess()).find(({ id }) => id === clusterId);
  if (record?.kubeconfigSealed == null) throw new Error(`cluster ${clusterId} has no kubeconfig of its own`);
  const entries = await api.sql('select * from audit_entry');
  return { sealed: record.kubeconfigSealed, audit: JSON.stringify(entries) };
}
