import type { ClusterFacts } from '@brainpod/store/clusters';

const ARCHITECTURES = ['amd64', 'arm64'];

/**
 * What the environment says of the cluster that the server is started with: BRAINPOD_CLUSTER_PROVIDER, _COUNTRY
 * (ISO 3166-1 alpha-2), _REGION and _ARCHITECTURES (separated by commas, default amd64). Throws one error with every fault.
 */
export function readClusterFacts(environment: Readonly<Record<string, string | undefined>>): ClusterFacts {
  const text = (name: string) => environment[`BRAINPOD_CLUSTER_${name}`]?.trim() || null;
  const country = text('COUNTRY');
  const architectures = (text('ARCHITECTURES') ?? 'amd64').split(',').map((name) => name.trim());
  const faults: string[] = [];
  if (country !== null && !/^[A-Z]{2}$/.test(country)) {
    faults.push(`BRAINPOD_CLUSTER_COUNTRY must be two capital letters as in ISO 3166-1, and is "${country}"`);
  }
  for (const name of architectures.filter((candidate) => !ARCHITECTURES.includes(candidate))) {
    faults.push(`BRAINPOD_CLUSTER_ARCHITECTURES must be of ${ARCHITECTURES.join(', ')}, and names "${name}"`);
  }
  if (faults.length > 0) throw new Error(`The server's environment is wrong:\n  ${faults.join('\n  ')}`);
  return { provider: text('PROVIDER'), country, region: text('REGION'), architectures };
}
